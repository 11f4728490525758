# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a site whose controllers are gone."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_traces
author: mailforest.stack contributors
version_added: 1.0.0
short_description: What is left of a site whose controllers are gone
description:
  - Picks out of a directory's links, subnets and DNS what was of a site that is taken away, for the modules that remove
    it.
options:
  _input:
    description: >-
      The C(site); its C(hosts) with the addresses of each; the directory's C(domain) and C(zones), the C(mail_domains);
      the C(links) with the DNs of their sites, those that the inventory has (C(kept_links)), and the C(subnets) with
      their sites.
    type: dict
    required: true
seealso:
  - module: mailforest.stack.site_link
  - module: mailforest.stack.site_subnet
  - module: mailforest.stack.dns_record
"""

EXAMPLES = r"""
- name: Remove the site's subnets
  mailforest.stack.site_subnet:
    subnets: "{{ (asked | mailforest.stack.site_traces).subnets }}"
"""

RETURN = r"""
_value:
  description: >-
    C(records), C(links) and C(subnets), each a list as M(mailforest.stack.dns_record), M(mailforest.stack.site_link)
    and M(mailforest.stack.site_subnet) take it.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._site_departure import Traces, removals


def site_traces(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is to go."""
    return dict(removals(Traces(**asked)))


class FilterModule:
    """The filter `site_traces`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"site_traces": site_traces}
