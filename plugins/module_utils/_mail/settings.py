# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What argument specs cannot say about the mail roles' values: which of them can work, and how they are written.

Every check returns texts of the form: variable, value, what is wrong with it, what to do about it. An empty list means
that nothing is wrong. The escapes put a value into a place that has a syntax of its own.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from .._topology import names
from .guesses import guess_errors
from .relaying import relay_client_errors, relay_errors, transport_errors

WIDEST_IPV4 = 24
WIDEST_IPV6 = 64
"""How wide a network may be whose hosts send through us without logging in (MAIL-18)."""
_DIRECTORY_KEYS = ("uris", "base_dn", "bind_dn", "mailbox_attribute")
_ATTRIBUTES = ("mailbox_attribute", "home_attribute", "quota_attribute")
_LDAPS = re.compile(r"ldaps://([^/:?#\s]+)(?::(\d{1,5}))?/?")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_SELF_WRITABLE = re.compile(
    r"msDS-cloudExtensionAttribute\d+|info|userSharedFolder|msDS-ExternalDirectoryObjectId", re.IGNORECASE
)
"""Of the property set Personal Information, which Active Directory and Samba let every user write for themselves."""
_DN = re.compile(r"[A-Za-z][A-Za-z0-9-]*=[^=].*")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+-]*(@[a-z0-9.-]+)?")
_HASH = re.compile(r"(\{[A-Z0-9.-]+\})?\S+")
_MILTER = re.compile(r"inet:[A-Za-z0-9.:\[\]-]+:\d{1,5}|unix:[^\s,{}]+")
_LAST_PORT = 65535
_PLAIN = frozenset(string.ascii_letters + string.digits + " =,.-_:+/@&")
_RESERVED = frozenset("%#$<>{}\"'")
"""What the readers of Postfix's and Dovecot's files, old and new, do not all take literally."""


def ldap_filter_value(value: str) -> str:
    """`value` as a literal in an LDAP filter (RFC 4515).

    More is escaped than the RFC asks for, so that the value has no meaning to the readers of Postfix's and Dovecot's
    files either (`%`, `#`, `$`, quotes).
    """
    return "".join(chr(b) if chr(b) in _PLAIN else f"\\{b:02x}" for b in value.encode())


def dovecot_quoted(value: str) -> str:
    """`value` in quotes as a setting of dovecot.conf."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _one_line(name: str, value: str) -> Iterator[str]:
    """A line break in a value would begin a setting of its own. The value is not shown: it may be a password."""
    if any(ord(c) < ord(" ") or ord(c) == 0x7F for c in value):
        yield f"{name} holds a line break or another control character. Remove it."
    elif value != value.strip():
        yield f"{name} begins or ends with a space, which the daemons do not keep. Remove it."


def relay_network(value: str) -> str:
    """Why the hosts of `value` must not send through us without logging in; empty when they may."""
    try:
        network = ip_network(value)
    except ValueError as exc:
        return f"it is not a network: {exc}. Write it as address/prefix, such as 192.168.20.0/28"
    if network.num_addresses == 1:
        return ""
    if not network.is_private:
        return "it is a range of public addresses. Name single hosts, or let them log in"
    return _too_wide(network)


def _too_wide(network: IPv4Network | IPv6Network) -> str:
    widest = WIDEST_IPV4 if network.version == 4 else WIDEST_IPV6
    if network.prefixlen >= widest:
        return ""
    return f"it is wider than /{widest}. Name the hosts or the smaller networks that need it"


def _networks(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        if wrong := relay_network(value):
            yield f"postfix_networks: {value} may not relay without logging in, for {wrong} (MAIL-18)."


def _uri(role: str, uri: str) -> Iterator[str]:
    found = _LDAPS.fullmatch(uri)
    where = f"{role}_directory.uris: {uri!r}"
    if found is None:
        yield f"{where} is not of the form ldaps://host or ldaps://host:port. Passwords go there: use TLS."
    elif found[2] and not 0 < int(found[2]) <= _LAST_PORT:
        yield f"{where} has the port {found[2]}. Use 1 to {_LAST_PORT}, or none for 636."


def _name(variable: str, value: str) -> Iterator[str]:
    """What is wrong with a distinguished name."""
    yield from _one_line(variable, value)
    if not _DN.match(value):
        yield f"{variable}: {value!r} is no distinguished name. Write it as CN=...,DC=..."


def _directory_values(role: str, directory: Mapping[str, Any]) -> Iterator[str]:
    for uri in directory.get("uris") or ():
        yield from _uri(role, uri)
    for key in ("base_dn", "bind_dn", "group_dn"):
        value = str(directory.get(key) or "")
        if value:
            yield from _name(f"{role}_directory.{key}", value)
        if key != "group_dn" and (found := sorted(_RESERVED & set(value))):
            yield f"{role}_directory.{key}: {value!r} holds {' '.join(found)}. Use an entry with another name."
    yield from _attribute(role, directory, "mailbox_attribute", "could open each other's mailboxes", "adminDescription")
    yield from _attribute(role, directory, "home_attribute", "could send mail and logins elsewhere", "adminDisplayName")
    yield from _attribute(role, directory, "quota_attribute", "could give themselves any room", "maxStorage")
    yield from _twice(f"{role}_directory (attribute)", [directory[key] for key in _ATTRIBUTES if directory.get(key)])


def _attribute(role: str, directory: Mapping[str, Any], key: str, danger: str, example: str) -> Iterator[str]:
    """What is wrong with an attribute that says whose mail is where."""
    attribute = str(directory.get(key) or "")
    if attribute and not _ATTRIBUTE.fullmatch(attribute):
        yield f"{role}_directory.{key}: {attribute!r} is no attribute's name. Use letters, digits, hyphens."
    if _SELF_WRITABLE.fullmatch(attribute):
        yield (
            f"{role}_directory.{key}: users may write {attribute} themselves, and {danger}. Use one that only "
            f"administrators may write, such as {example}."
        )


def directory_errors(role: str, directory: Mapping[str, Any], password: str) -> Iterator[str]:
    """What is wrong with `<role>_directory`, which is empty for local users."""
    if not directory:
        return
    if missing := [key for key in _DIRECTORY_KEYS if not directory.get(key)]:
        yield f"{role}_directory lacks {', '.join(missing)}. Give all, or leave the whole empty for local users."
    if not password:
        yield f"{role}_directory_password is empty. Give the password of {directory.get('bind_dn', 'the account')}."
    yield from _one_line(f"{role}_directory_password", password)
    yield from _directory_values(role, directory)


def _twice(name: str, values: Sequence[str]) -> Iterator[str]:
    for value in sorted({v for v in values if values.count(v) > 1}):
        yield f"{name}: {value} is there more than once. Keep one."


def _peers(role: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the other mail servers, among which mailboxes have their homes."""
    peers, variable = settings["peers"], f"{role}_peers"
    if not peers:
        return
    if not settings["directory"].get("home_attribute"):
        yield f"{variable} are given, and nothing says whose mailbox is where. Give {role}_directory.home_attribute."
    if not settings["ca_file"]:
        yield f"{role}_tls_ca_file is empty, so no peer's certificate could be verified. Name the file with its CA."
    yield from _twice(variable, [peer["name"] for peer in peers])
    yield from _twice(f"{variable} (address)", [peer["address"] for peer in peers])
    for peer in peers:
        yield from _peer(variable, peer, settings["hostname"])


def _peer(variable: str, peer: Mapping[str, str], hostname: str) -> Iterator[str]:
    if wrong := names.domain(peer["name"]):
        yield f"{variable}: {peer['name']!r} is no full name: {wrong}. Give it with its domain."
    elif peer["name"] != peer["name"].lower():
        yield f"{variable}: {peer['name']!r} has capital letters. Write it in small ones."
    if peer["name"] == hostname:
        yield f"{variable}: {peer['name']} is this server itself. Name only the others."
    try:
        ip_address(peer["address"])
    except ValueError:
        yield f"{variable}: {peer['address']!r}, of {peer['name']}, is no address. Give the one it connects from."


def _proxy_listeners(settings: Mapping[str, Any]) -> Iterator[str]:
    """A login is passed on in one way for IMAP and POP3."""
    listeners = set(settings["listeners"])
    implicit = listeners & {"imaps", "pop3s"}
    for plain in sorted(listeners & {"imap", "pop3"}):
        if settings["peers"] and implicit and f"{plain}s" not in listeners:
            yield (
                f"dovecot_listeners: {plain} is without {plain}s, beside {', '.join(sorted(implicit))}. Logins "
                f"are passed on to dovecot_peers by the ports with TLS from the first byte: add {plain}s."
            )


def _in_dns(domain: str) -> str:
    """The domain as DNS has it (RFC 3490); as it is where that cannot be, which is then found wrong."""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _beyond_ascii(variable: str, text: str, settings: Mapping[str, Any]) -> Iterator[str]:
    if not text.isascii() and not settings["smtputf8"]:
        yield (
            f"{variable}: {text} is beyond ASCII, and postfix_smtputf8 is off, so it gets no mail. Write the "
            "domain as xn--..., or remove it."
        )


def _domains(settings: Mapping[str, Any]) -> Iterator[str]:
    if wrong := names.domain(settings["hostname"]):
        yield (
            f"postfix_hostname: {settings['hostname']!r} is no full name: {wrong}. Other servers refuse a greeting "
            "without one: give the host's name with its domain, such as mx1.example.com (MAIL-21)."
        )
    yield from _twice("postfix_domains", settings["domains"])
    for domain in settings["domains"]:
        yield from _beyond_ascii("postfix_domains", domain, settings)
        if wrong := names.domain(_in_dns(domain)):
            yield f"postfix_domains: {domain!r} is no mail domain: {wrong}. Correct it."
        elif domain != domain.lower():
            yield f"postfix_domains: {domain!r} has capital letters. Write it in small ones."


def _mailboxes(settings: Mapping[str, Any]) -> Iterator[str]:
    addresses, domains = settings["mailboxes"], settings["domains"]
    yield from _twice("postfix_mailboxes", addresses)
    if addresses and settings["directory"]:
        yield "postfix_mailboxes and postfix_directory both say who gets mail. Give one of the two."
    for address in addresses:
        if wrong := names.email(address):
            yield f"postfix_mailboxes: {address!r} is no address: {wrong}. Correct it."
        elif address.rpartition("@")[2] not in domains:
            yield f"postfix_mailboxes: {address} is in none of postfix_domains. Add its domain, or correct it."


def _aliases(settings: Mapping[str, Any]) -> Iterator[str]:
    aliases = settings["aliases"]
    yield from _twice("postfix_aliases", [alias["name"] for alias in aliases])
    for alias in aliases:
        for text in (alias["name"], *alias["recipients"]):
            yield from _beyond_ascii("postfix_aliases", text, settings)
            if not re.fullmatch(r"[^\s,|:\"]+", text):
                yield f"postfix_aliases: {text!r} is neither address nor user. No spaces, commas, pipes, colons."
        if not alias["recipients"]:
            yield f"postfix_aliases: {alias['name']} has no recipients, its mail would vanish. Name one, or remove it."


def _lists(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the lists to which not everybody may send."""
    lists = settings["lists"]
    if lists and not settings["directory"]:
        yield "postfix_lists are groups of a directory, and there is no postfix_directory. Give it, or remove them."
    yield from _twice("postfix_lists", [row["group_dn"] for row in lists])
    for row in lists:
        for key in ("group_dn", "senders_dn"):
            if row.get(key):
                yield from _name(f"postfix_lists.{key}", row[key])


def _milters(values: Sequence[str]) -> Iterator[str]:
    yield from _twice("postfix_milters", values)
    for value in values:
        if not _MILTER.fullmatch(value):
            yield f"postfix_milters: {value!r} is no milter. Write inet:host:port, such as inet:127.0.0.1:11332."


def _postfix_needs_dovecot(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["dovecot"]:
        return
    for name in settings["login_listeners"]:
        yield f"postfix_listeners: {name} needs logins, which Dovecot checks. Set postfix_dovecot: true, or remove it."
    if settings["quota"]:
        yield "postfix_quota is on, and Dovecot knows the quotas. Set postfix_dovecot: true, or leave it off."
    for name in ("directory", "mailboxes"):
        if settings[name]:
            yield f"postfix_{name} is given; Dovecot keeps those mailboxes. Set postfix_dovecot: true, or remove it."


def postfix_errors(settings: Mapping[str, Any]) -> list[str]:
    """What cannot work in the role postfix's values."""
    errors = [*_domains(settings), *_twice("postfix_listeners", settings["listeners"])]
    errors += directory_errors("postfix", settings["directory"], settings["password"])
    if settings["directory"] and not settings["domains"]:
        errors.append("postfix_domains is empty, so nobody in the directory gets mail. Name the mail domains.")
    if settings["tables"] and not settings["directory"]:
        errors.append("postfix_tables are of a directory, and there is no postfix_directory. Give it, or remove them.")
    errors += [*_mailboxes(settings), *_aliases(settings), *_networks(settings["networks"])]
    errors += [*_lists(settings), *_postfix_needs_dovecot(settings), *_peers("postfix", settings)]
    errors += _milters(settings["milters"])
    if settings["peers"] and "smtp" not in settings["listeners"]:
        errors.append("postfix_listeners lacks smtp, by which postfix_peers pass mail on to here. Add it.")
    errors += [*relay_errors(settings), *relay_client_errors(settings), *transport_errors(settings)]
    if settings["message_size_limit"] < 1024:
        errors.append(f"postfix_message_size_limit: {settings['message_size_limit']} is below 1024 bytes. Raise it.")
    return errors


def _users(users: Sequence[Mapping[str, str]]) -> Iterator[str]:
    yield from _twice("dovecot_users", [user["name"] for user in users])
    for user in users:
        if not _LOGIN.fullmatch(user["name"]):
            yield f"dovecot_users: {user['name']!r} is no login. Use small letters, digits and . _ + -, or an address."
        if not _HASH.fullmatch(user["password_hash"]) or ":" in user["password_hash"]:
            yield f"dovecot_users: {user['name']} has no hash as password_hash. Make one: `doveadm pw -s SHA512-CRYPT`."


def _folders(folders: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from _twice("dovecot_folders", [folder["name"] for folder in folders])
    yield from _twice("dovecot_folders (use)", [folder["use"] for folder in folders])
    for folder in folders:
        if not re.fullmatch(r"[^\s/\"{}#][^/\"{}#\n]*", folder["name"]):
            yield f'dovecot_folders: {folder["name"]!r} cannot be a folder. Avoid / " {{ }} # and a leading space.'


def _kerberos(settings: Mapping[str, Any]) -> Iterator[str]:
    realm = settings["kerberos_realm"]
    if not realm:
        return
    if wrong := names.realm(realm):
        yield f"dovecot_kerberos_realm: {realm!r} is no realm: {wrong}. Correct it."
    if not settings["directory"]:
        yield (
            "dovecot_kerberos_realm is given without dovecot_directory, so nobody would know the users of the tickets. "
            "Give the directory, or leave the realm empty."
        )
    if not settings["keytab"]:
        yield (
            "dovecot_keytab is empty, so no ticket could be read. Give the keytab in base64, as "
            "mailforest.stack.keytab reads it from the directory, or leave dovecot_kerberos_realm empty."
        )


def _store(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["full_text_search"] and settings["version"] == "2.3":
        yield (
            "dovecot_full_text_search is on, and Dovecot 2.3 (Debian 12) has no index of ours. Switch it off; "
            "searching works without it."
        )
    if settings["backup_directory"] and not settings["virtual"]:
        yield (
            "dovecot_backup_directory is given, and the host's own users have their mail in their homes. Back these "
            "up, and leave it empty."
        )
    if settings["backup_keep"] < 1:
        yield f"dovecot_backup_keep: {settings['backup_keep']} leaves no snapshot. Give at least 1."
    if settings["shared_folders"] and not settings["virtual"]:
        yield (
            "dovecot_shared_folders is on, and the host's own users cannot read each other's files. Switch it off, or "
            "give dovecot_directory or dovecot_users."
        )


def _sieve(settings: Mapping[str, Any]) -> Iterator[str]:
    if "sieve" in settings["listeners"] and not settings["sieve"]:
        yield (
            "dovecot_listeners: sieve lets users store scripts, and nothing here would run them. Set "
            "dovecot_postfix: true with a directory or a list of users, or remove it."
        )


def dovecot_errors(settings: Mapping[str, Any]) -> list[str]:
    """What cannot work in the role dovecot's values."""
    errors = [*_twice("dovecot_listeners", settings["listeners"])]
    if wrong := names.domain(settings["hostname"]):
        errors.append(f"dovecot_hostname: {settings['hostname']!r} is no full name: {wrong}. Give it with its domain.")
    errors += directory_errors("dovecot", settings["directory"], settings["password"])
    if settings["tables"] and not settings["directory"]:
        errors.append("dovecot_tables are of a directory, and there is no dovecot_directory. Give it, or remove them.")
    if settings["users"] and settings["directory"]:
        errors.append("dovecot_users and dovecot_directory both say who may log in. Give one of the two.")
    errors += [
        *_kerberos(settings),
        *_store(settings),
        *guess_errors(settings["guesses"], settings["guesses_exempt"]),
        *_sieve(settings),
        *_users(settings["users"]),
        *_folders(settings["folders"]),
    ]
    errors += [*_peers("dovecot", settings), *_proxy_listeners(settings)]
    if not 0 <= settings["auth_cache_seconds"] <= 60:
        errors.append(
            f"dovecot_auth_cache_seconds: {settings['auth_cache_seconds']} is not within 0 to 60. That long a disabled "
            "user may still log in: keep it short."
        )
    if settings["quota"] and (wrong := names.size(settings["quota"])):
        errors.append(f"dovecot_quota: {settings['quota']!r} is no size: {wrong}. Correct it, or leave it empty.")
    if not settings["listeners"] and not settings["postfix"]:
        errors.append(
            "dovecot_listeners is empty and dovecot_postfix is off, so Dovecot would serve nobody. Name a listener."
        )
    return errors
