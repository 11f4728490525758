# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the directory tools, which have no suffix, as modules."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""


def program(name: str, root: Path = ROOT) -> dict[str, Any]:
    """What a program defines. `runpy` would ask Ansible's loader of collections, which declines."""
    loader = SourceFileLoader(f"tools_{name.replace('-', '_')}", str(root / "tools" / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module  # where its dataclasses look for their types
    loader.exec_module(module)
    return vars(module)
