# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local sam.ldb with its configuration partition, where the sites are. Private to this collection."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore


class DirectorySites(SamStore):
    """The local directory; sites are the forest's, not the domain's."""

    def __init__(self, configuration_file: str) -> None:
        """Open the directory."""
        super().__init__(configuration_file)
        self.sites_dn = f"CN=Sites,{self.sam.get_config_basedn()}"
