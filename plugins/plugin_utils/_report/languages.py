# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the languages that the page is written in."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.english import ENGLISH
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.russian import RUSSIAN
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts

CATALOGUE: Mapping[str, Texts] = {texts.language: texts for texts in (ENGLISH, RUSSIAN)}
