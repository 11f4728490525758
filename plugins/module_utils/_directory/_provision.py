# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and making a forest with Samba's own Python code, in this process. Private to this collection."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import time
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings, _root
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import (
    DC_ROLE,
    LEVELS,
    Domain,
    Forest,
    Found,
    Settings,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


class LocalSamba:
    """Samba on this host, by the configuration file given."""

    def __init__(self, configuration_file: str) -> None:
        """Load the configuration, or Samba's defaults where it does not exist yet."""
        _bindings.require()
        self._path = configuration_file
        self._lp = _bindings.load_settings(configuration_file if Path(configuration_file).exists() else "/dev/null")
        self.private_dir = str(self._lp.get("private dir"))

    def find(self) -> Found:
        """Open the databases that provisioning writes; what a complete one has decides."""
        private = Path(self.private_dir)
        if not (private / "sam.ldb").exists():
            return Found()
        served = (private / "ldap_priv").exists()
        try:
            return Found(domain=self._read(private), served=served)
        except (ldb.LdbError, RuntimeError, LookupError) as exc:
            return Found(fault=f"sam.ldb holds no complete domain ({exc})", served=served)

    def _read(self, private: Path) -> Domain:
        session = _bindings.system_session()
        sam = _bindings.SamDB(
            url=str(private / "sam.ldb"), session_info=session, lp=self._lp, flags=ldb.FLG_DONT_CREATE_DB
        )
        dn = sam.domain_dn()
        entry = sam.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["objectSid", "objectGUID", "msDS-Behavior-Version"])[0]
        partitions = f"CN=Partitions,{sam.get_config_basedn()}"
        where = f"(&(objectClass=crossRef)(nCName={ldb.binary_encode(str(dn))}))"
        names = sam.search(base=partitions, expression=where, attrs=["nETBIOSName", "dnsRoot"])[0]
        forest = sam.search(base=partitions, scope=ldb.SCOPE_BASE, attrs=["msDS-Behavior-Version"])[0]
        server = sam.search(base=sam.get_dsServiceName(), scope=ldb.SCOPE_BASE, attrs=["msDS-Behavior-Version"])[0]
        self._require_secret(private, str(names["nETBIOSName"][0]))
        return Domain(
            dns_name=str(names["dnsRoot"][0]).lower(),
            netbios_name=str(names["nETBIOSName"][0]),
            dn=str(dn),
            sid=sam.schema_format_value("objectSid", entry["objectSid"][0]).decode(),
            guid=sam.schema_format_value("objectGUID", entry["objectGUID"][0]).decode(),
            domain_level=_level(entry),
            forest_level=_level(forest),
            controller_level=_level(server),
            backend_store=_backend(sam),
            controller_name=ldb.Dn(sam, str(sam.get_dsServiceName())).parent().get_rdn_value().lower(),
        )

    def _require_secret(self, private: Path, netbios_name: str) -> None:
        """Provisioning commits secrets.ldb last: without this host's secret in it, it did not end."""
        secrets = _bindings.samba.Ldb(
            url=str(private / "secrets.ldb"),
            session_info=_bindings.system_session(),
            lp=self._lp,
            flags=ldb.FLG_DONT_CREATE_DB,
        )
        where = f"(&(objectClass=primaryDomain)(flatname={ldb.binary_encode(netbios_name)}))"
        if len(secrets.search(base="cn=Primary Domains", expression=where, attrs=["flatname"])) != 1:
            raise LookupError("secrets.ldb has no secret of this host")

    def settings(self) -> Settings | None:
        """What smb.conf says."""
        if not Path(self._path).exists():
            return None
        level = self._lp.get("ad dc functional level") if self.supports("2016") else None
        return Settings(
            server_role=str(self._lp.get("server role")),
            realm=str(self._lp.get("realm") or ""),
            workgroup=str(self._lp.get("workgroup") or ""),
            netbios_name=str(self._lp.get("netbios name") or ""),
            sysvol=self._share("sysvol"),
            netlogon=self._share("netlogon"),
            controller_level=str(level) if level else None,
        )

    def _share(self, name: str) -> str | None:
        if name not in self._lp.services():
            return None
        return str(self._lp.get("path", name) or "") or None

    def supports(self, level: str) -> bool:
        """2016 came with samba.functional_level; before, a controller's level cannot be raised."""
        if level == "2008_R2":
            return True
        try:
            import samba.functional_level  # noqa: F401
        except ImportError:
            return False
        return True

    def password_fault(self, password: str) -> str | None:
        """The default policy of a new domain."""
        if len(password) < 7:
            return "it has fewer than 7 characters, the minimum of a new domain"
        if not _bindings.samba.check_password_quality(password):
            return "it does not meet the complexity rule of a new domain"
        return None

    def served_by(self, address: str) -> str | None:
        """Ask the rootDSE there."""
        root = _root.read(self._lp, address)
        return root.dns_name if root else None

    def move_aside(self) -> str:
        """Rename the whole directory: nothing is lost."""
        return self._put_aside("interrupted")

    def _put_aside(self, reason: str) -> str:
        """In one step, or entry by entry where the directory itself cannot be renamed, as in a container's image."""
        private = Path(self.private_dir)
        aside = private.with_name(f"{private.name}.{reason}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        try:
            private.rename(aside)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            aside.mkdir(mode=0o700)
            for entry in private.iterdir():
                entry.rename(aside / entry.name)
        return str(aside)

    def provision(self, forest: Forest, password: str) -> None:
        """Make the forest; what Samba prints or logs is kept for the error only."""
        from samba.provision import provision

        log = io.StringIO()
        logger = logging.Logger("provision")
        logger.addHandler(logging.StreamHandler(log))
        try:
            with contextlib.redirect_stdout(log):
                provision(logger, _bindings.system_session(), **self._arguments(forest, password))
        except Exception as exc:  # Samba raises bare classes of many modules here
            raise ResourceError(
                f"Provisioning {forest.dns_name} failed: {type(exc).__name__}: {exc}. This host holds no domain now."
                " Cure the cause and run again: what was half written is then moved aside.",
                log=log.getvalue().splitlines()[-20:],
            ) from exc

    def _arguments(self, forest: Forest, password: str) -> dict[str, Any]:
        return {
            "lp": self._lp,
            "smbconf": self._path,
            "realm": forest.realm,
            "domain": forest.netbios_name.upper(),
            "hostname": forest.host_name.lower(),
            "hostip": forest.host_address,
            "hostip6": forest.host_address6,
            "sitename": forest.site,
            "adminpass": password,
            "serverrole": DC_ROLE,
            "dns_backend": "SAMBA_INTERNAL",
            "dom_for_fun_level": LEVELS[forest.functional_level],
            "use_rfc2307": forest.rfc2307,
            "skip_sysvolacl": False,
            **store_arguments(forest.backend_store, forest.backend_store_size),
        }


def store_arguments(store: str, gigabytes: int) -> dict[str, Any]:
    """Samba's arguments for a new database; only LMDB has a size that is set beforehand."""
    return {"backend_store": store, "backend_store_size": gigabytes * 2**30 if store == "mdb" else None}


def _backend(sam: Any) -> str:
    """As Samba itself reads it; what was made before there was a choice says nothing."""
    found = sam.search(base="@PARTITION", scope=ldb.SCOPE_BASE, attrs=["backendStore"])[0]
    return str(found["backendStore"][0]).lower() if "backendStore" in found else "tdb"


def _level(entry: Any) -> int:
    return int(entry["msDS-Behavior-Version"][0]) if "msDS-Behavior-Version" in entry else 0
