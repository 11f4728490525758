# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx: the guides of docs/, and pages of modules, roles and filters by antsibull-docs. Needs no network."""

project = html_title = html_short_title = "mailforest.stack"
project_copyright = "2026, mailforest.stack contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 3
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
antsibull_ext_color_scheme = "default-autodark"
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository that are no page
