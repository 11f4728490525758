# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of the topology: name, form, default, meaning. Reader and documentation are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .reader import Anything, Day, Entry, Flag, Kind, Many, Mapped, Number, Record, Text
from .secrets import STRONG_LENGTH, USER_LENGTH
from .services import DEFAULT_MAIL_SERVICES, DEFAULT_PUBLISHED, MAIL_SERVICES, PUBLISHABLE, RELAY_PORTS, Function
from .sts import STS_MODES

PREFIX = "mailforest_"
"""Names of variables and groups that begin so are the collection's."""

FSMO_ROLES: tuple[str, ...] = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
RECORD_TYPES: tuple[str, ...] = ("A", "AAAA", "CNAME", "MX", "SRV", "TXT", "PTR")
DMARC_POLICIES: tuple[str, ...] = ("none", "quarantine", "reject")
DEFAULT_SPF = "v=spf1 mx -all"
FUNCTIONAL_LEVELS: tuple[str, ...] = ("2008_R2", "2016")
RELEASES: dict[str, str] = {"12": "12", "bookworm": "12", "13": "13", "trixie": "13"}
DEFAULT_TIME_SERVERS: tuple[str, ...] = ("2.debian.pool.ntp.org",)
EVERYWHERE: tuple[str, ...] = ("0.0.0.0/0", "::/0")

GROUPS: dict[str, Function] = {
    "mailforest_domain_controllers": Function.DOMAIN_CONTROLLER,
    "mailforest_mail_servers": Function.MAIL_SERVER,
    "mailforest_gateways": Function.GATEWAY,
    "mailforest_members": Function.MEMBER,
}
OBSERVERS = "mailforest_observers"
LEAVING = "mailforest_leaving"
GROUP_ABOUT: dict[str, str] = {
    "mailforest_domain_controllers": "Samba domain controllers. The first host of the group creates the forest.",
    "mailforest_mail_servers": "Mail servers: Postfix and Dovecot with the directory's users.",
    "mailforest_gateways": "Hosts between an office and the Internet: they forward, filter and translate addresses.",
    "mailforest_members": "Hosts that are members of the domain.",
    OBSERVERS: "Vantage points that are no part of the system: only probes run there, nothing is configured.",
    LEAVING: "Hosts of a site that is taken away by `site_remove`: no part of the system any more, in no other group.",
}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One `mailforest_*` variable."""

    name: str
    kind: Kind
    about: str
    required: bool = False
    default: Any = None


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One variable that holds a password: judged at once, its value goes no further."""

    name: str
    about: str
    length: int = STRONG_LENGTH
    foreign: bool = False
    """Chosen by somebody else, so that it is not judged, and needed only where it is used."""


_FSMO_ABOUT = {
    "schema": "Owner of the schema.",
    "naming": "Owner of the forest's domain names.",
    "rid": "Hands out pools of relative ids.",
    "pdc": "PDC emulator: time, passwords, group policies.",
    "infrastructure": "Keeps references to moved objects.",
    "domaindns": "Owner of the domain's DNS partition.",
    "forestdns": "Owner of the forest's DNS partition.",
}

_POLICY: tuple[Entry, ...] = (
    Entry(name="min_password_length", kind=Number(low=0, high=14), about="Characters at least."),
    Entry(name="password_history_count", kind=Number(low=0, high=24), about="Former passwords not taken again."),
    Entry(name="min_password_age", kind=Number(low=0, high=998), about="Days before a password can be changed again."),
    Entry(name="max_password_age", kind=Number(low=0, high=999), about="Days after which it expires; 0 for never."),
    Entry(name="lockout_threshold", kind=Number(low=0, high=999), about="Wrong passwords that lock; 0 for no lock."),
    Entry(
        name="lockout_duration", kind=Number(low=0, high=99999), about="Minutes of a lock; 0 until unlocked by hand."
    ),
    Entry(
        name="lockout_observation_window",
        kind=Number(low=1, high=99999),
        about="Minutes after which wrong passwords are forgotten.",
    ),
    Entry(name="complexity_enabled", kind=Flag(), about="Whether three kinds of characters are needed."),
)

VARIABLES: tuple[Variable, ...] = (
    Variable(
        name="mailforest_forest",
        about="The forest and its only domain.",
        required=True,
        kind=Record(
            entries=(
                Entry(
                    name="realm",
                    kind=Text(),
                    required=True,
                    about="Kerberos realm in capital letters; in small letters it is the DNS domain. Never changes.",
                ),
                Entry(name="netbios", kind=Text(), required=True, about="Short name of the domain. Never changes."),
                Entry(
                    name="functional_level",
                    kind=Text(choices=FUNCTIONAL_LEVELS, numbers=True),
                    default="2008_R2",
                    about="Level of forest and domain; `2016` needs Debian 13 on every domain controller.",
                ),
                Entry(
                    name="parent",
                    kind=Text(),
                    about="Refused: Samba cannot create child domains. Known only to say so.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_sites",
        about="The offices, each a group of computers on fast links.",
        required=True,
        kind=Mapped(
            key="site",
            item=Record(
                entries=(
                    Entry(
                        name="subnets", kind=Many(item=Text()), required=True, about="Networks of the office (CIDR)."
                    ),
                    Entry(name="gateway", kind=Text(), about="Host between the office and the Internet."),
                )
            ),
        ),
    ),
    Variable(
        name="mailforest_site_links",
        about="Which offices replicate with each other. A tunnel joins the gateways of every two sites of a link.",
        kind=Mapped(
            key="link",
            item=Record(
                entries=(
                    Entry(name="sites", kind=Many(item=Text()), required=True, about="Two sites or more."),
                    Entry(
                        name="cost",
                        kind=Number(low=1, high=99999),
                        default=100,
                        about="Lower is preferred, by replication and by the tunnels' routes.",
                    ),
                    Entry(
                        name="interval",
                        kind=Number(low=15, high=10080),
                        default=15,
                        about="Minutes between replications.",
                    ),
                    Entry(
                        name="schedule",
                        kind=Anything(),
                        about="Refused: it stops Samba's topology generator. Known only to say so.",
                    ),
                )
            ),
        ),
    ),
    Variable(
        name="mailforest_tunnels",
        about="What the tunnels between the offices have beside the way by UDP.",
        kind=Record(
            entries=(
                Entry(
                    name="tcp",
                    kind=Flag(),
                    default=False,
                    about="A second tunnel by TCP beside each, which has the traffic while UDP does not get through.",
                ),
                Entry(
                    name="standby",
                    kind=Flag(),
                    default=False,
                    about="While a tunnel is down, a third office with tunnels to both its ends passes the traffic on.",
                ),
                Entry(
                    name="mtu",
                    kind=Number(low=636, high=1500),
                    default=1420,
                    about="Largest packet inside; the lines have to carry about 70 bytes more.",
                ),
                Entry(
                    name="fingerprints",
                    kind=Mapped(key="gateway", item=Many(item=Text())),
                    about="SHA-256 fingerprints of the certificates that a gateway may show, beside name and CA; two "
                    "while it gets a new one. A gateway without any is known by name and CA alone.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_fsmo",
        about="Which domain controller owns which role. A role that is not named: the first domain controller. "
        "Or `auto` in place of the mapping: they are placed with reasons, and then stay ([fsmo.md](fsmo.md)).",
        kind=Record(entries=tuple(Entry(name=role, kind=Text(), about=_FSMO_ABOUT[role]) for role in FSMO_ROLES)),
    ),
    Variable(
        name="mailforest_mail",
        about="Mail. Needed as soon as there is a mail server.",
        kind=Record(
            entries=(
                Entry(name="domains", kind=Many(item=Text()), required=True, about="Domains of e-mail addresses."),
                Entry(
                    name="home",
                    kind=Mapped(key="site", item=Text()),
                    about="The mail server that keeps the mailboxes of a site's users. "
                    "With one mail server it is the home of all, named or not.",
                ),
                Entry(
                    name="services",
                    kind=Many(item=Text(choices=MAIL_SERVICES)),
                    default=DEFAULT_MAIL_SERVICES,
                    about="What the mail servers serve.",
                ),
                Entry(
                    name="publish",
                    kind=Many(item=Text(choices=PUBLISHABLE)),
                    default=DEFAULT_PUBLISHED,
                    about="What the Internet may reach: each site's gateway leads it to the site's mail server. What "
                    "is not served is left out of the default. An empty list publishes nothing.",
                ),
                Entry(
                    name="quota",
                    kind=Text(),
                    about="How much every mailbox may hold, such as 2G. Without it there is no limit.",
                ),
                Entry(
                    name="guesses_exempt",
                    kind=Many(item=Text()),
                    about="Networks (CIDR) from which wrong passwords do not count, beside the offices, the system's "
                    "hosts and `mailforest_admin.sources` where these are not everywhere "
                    "([mailboxes.md](mailboxes.md#guessing-of-passwords)).",
                ),
                Entry(
                    name="autoconfig",
                    kind=Flag(),
                    default=False,
                    about="Whether the mail servers tell mail programs by HTTPS how to be set up. It is one of the "
                    "services that are published, and their certificates carry `autoconfig` and `autodiscover` of "
                    "every domain.",
                ),
                Entry(
                    name="mta_sts",
                    kind=Text(choices=STS_MODES),
                    about="Whether others are told to send here by verified TLS alone (MTA-STS); needs `autoconfig`, "
                    "whose server has the policy ([antispam.md](antispam.md#tls-of-those-who-send-to-us)).",
                ),
                Entry(
                    name="tls_reports",
                    kind=Text(),
                    about="The address to which others report how TLS with our mail servers went (TLS-RPT).",
                ),
                Entry(
                    name="group", kind=Text(), default="mail-users", about="Directory group whose members have mail."
                ),
                Entry(
                    name="direct_senders",
                    kind=Many(item=Text()),
                    about="Networks or addresses in the offices that may send to port 25 of the Internet beside the "
                    "mail servers, such as a mail server that is no part of the system.",
                ),
                Entry(
                    name="relay",
                    kind=Mapped(
                        key="site",
                        item=Record(
                            entries=(
                                Entry(
                                    name="host",
                                    kind=Text(),
                                    required=True,
                                    about="Its full name; or a mail server of another site, which is asked at 25 "
                                    "without a login.",
                                ),
                                Entry(
                                    name="ports",
                                    kind=Many(item=Number(low=1, high=65535)),
                                    default=RELAY_PORTS,
                                    about="Its ports in the order in which they are tried: 25, 465, 587, 2525.",
                                ),
                                Entry(
                                    name="user",
                                    kind=Text(),
                                    about="The login, with `mailforest_mail_relay_password`.",
                                ),
                            )
                        ),
                    ),
                    about="The smart host to which the mail servers of a site send what is for others. Without it they "
                    "send to the recipients' servers ([relaying.md](relaying.md)).",
                ),
                Entry(
                    name="antispam",
                    kind=Flag(),
                    default=True,
                    about="Whether mail is judged and signed, and SPF, DKIM and DMARC are published "
                    "([antispam.md](antispam.md)).",
                ),
                Entry(
                    name="spf",
                    kind=Text(),
                    default=DEFAULT_SPF,
                    about="Which hosts send mail of the domains. Another one where a smart host of a provider does.",
                ),
                Entry(
                    name="dmarc",
                    kind=Text(choices=DMARC_POLICIES),
                    default="quarantine",
                    about="What others are asked to do with mail that only claims to be of the domains.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_password_policy",
        about="The domain's policy for passwords. What is left out stays as it is; Samba begins with 7 characters of "
        "three kinds, 24 former passwords, 42 days and no lock.",
        kind=Record(entries=_POLICY),
    ),
    Variable(
        name="mailforest_groups",
        about="Groups of the directory.",
        kind=Many(
            item=Record(
                entries=(
                    Entry(name="name", kind=Text(), required=True, about="Name of the group."),
                    Entry(
                        name="scope",
                        kind=Text(choices=("domainlocal", "global", "universal")),
                        default="global",
                        about="Scope of the group.",
                    ),
                    Entry(
                        name="category",
                        kind=Text(choices=("security", "distribution")),
                        default="security",
                        about="Category of the group.",
                    ),
                    Entry(name="email", kind=Text(), about="Address: mail to it goes to all members."),
                    Entry(
                        name="senders",
                        kind=Text(),
                        about="Who may send to the address: `users` are all who log in, else it is a group of this "
                        "topology, such as itself, whose members may. Without it everybody may.",
                    ),
                    Entry(name="members", kind=Many(item=Text()), about="Users and groups of this topology."),
                )
            )
        ),
    ),
    Variable(
        name="mailforest_users",
        about="Users of the directory. A user with an e-mail address has a mailbox.",
        kind=Many(
            item=Record(
                entries=(
                    Entry(name="name", kind=Text(), required=True, about="Login name (sAMAccountName)."),
                    Entry(name="firstname", kind=Text(), about="Given name."),
                    Entry(name="surname", kind=Text(), about="Family name."),
                    Entry(name="email", kind=Text(), about="Address, in one of the mail domains."),
                    Entry(name="aliases", kind=Many(item=Text()), about="More addresses of the same mailbox."),
                    Entry(name="enabled", kind=Flag(), default=True, about="A disabled user cannot log in anywhere."),
                    Entry(
                        name="password_never_expires",
                        kind=Flag(),
                        default=False,
                        about="Whether the password never expires; the domain's policy lets others expire after 42 "
                        "days. For people who only have mail, whom nothing reminds to change it.",
                    ),
                    Entry(name="groups", kind=Many(item=Text()), about="Groups of this topology."),
                    Entry(name="site", kind=Text(), about="The user's office; its home keeps the mailbox."),
                    Entry(
                        name="quota",
                        kind=Text(),
                        about="How much the user's mailbox may hold, in place of mailforest_mail.quota; 0 is no limit. "
                        "Left out, what the directory has (maxStorage) stays.",
                    ),
                )
            )
        ),
    ),
    Variable(
        name="mailforest_dns",
        about="The directory's DNS.",
        kind=Record(
            entries=(
                Entry(
                    name="zones",
                    kind=Many(item=Text()),
                    about="Zones served beside the forest's own. Inside the offices they hide public zones of the "
                    "same name.",
                ),
                Entry(
                    name="forwarders",
                    kind=Many(item=Text()),
                    about="Addresses of DNS servers that answer for everything else.",
                ),
                Entry(
                    name="records",
                    kind=Many(
                        item=Record(
                            entries=(
                                Entry(name="zone", kind=Text(), required=True, about="A zone that is served."),
                                Entry(
                                    name="name",
                                    kind=Text(),
                                    required=True,
                                    about="Name below the zone; `@` is the zone itself.",
                                ),
                                Entry(
                                    name="type", kind=Text(choices=RECORD_TYPES), required=True, about="Record type."
                                ),
                                Entry(
                                    name="values",
                                    kind=Many(item=Text()),
                                    required=True,
                                    about="Values in zone-file form: MX `10 host`, SRV `priority weight port host`.",
                                ),
                            )
                        )
                    ),
                    about="Records beside those that follow from the topology.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_time",
        about="Time.",
        kind=Record(
            entries=(
                Entry(
                    name="servers",
                    kind=Many(item=Text()),
                    default=DEFAULT_TIME_SERVERS,
                    about="NTP servers that the PDC emulator follows; all others follow the directory.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_admin",
        about="Administration.",
        kind=Record(
            entries=(
                Entry(
                    name="sources",
                    kind=Many(item=Text()),
                    default=EVERYWHERE,
                    about="Networks (CIDR) from which SSH is allowed.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_firewall",
        about="The hosts' packet filters, beside what follows from the rest.",
        kind=Record(
            entries=(
                Entry(
                    name="logins_per_minute",
                    kind=Number(low=0, high=100000),
                    default=60,
                    about="New connections a minute that one source may open to the ports of a mail server at which "
                    "people log in, after twice as many at once; 0 for no limit. Sites and those who administer are "
                    "exempt.",
                ),
                Entry(
                    name="ssh_per_minute",
                    kind=Number(low=0, high=100000),
                    default=60,
                    about="The same for SSH of every host. Networks in `mailforest_admin.sources` are exempt, unless "
                    "that is everywhere.",
                ),
                Entry(
                    name="blocked",
                    kind=Many(item=Text()),
                    about="Networks (CIDR) or addresses from which no host takes or passes on anything.",
                ),
                Entry(
                    name="log_per_minute",
                    kind=Number(low=0, high=100000),
                    default=0,
                    about="How many dropped packets of each kind go to the kernel's log; 0 for none.",
                ),
            )
        ),
    ),
    Variable(
        name="mailforest_backup_recipients",
        about="Public keys (age, or SSH) that the directory's backups are encrypted for. Empty: none are made. The "
        "private keys are no part of the system.",
        kind=Many(item=Text()),
    ),
    Variable(
        name="mailforest_waivers",
        about="Exceptions from rules that allow them, each for one host, with a reason and an end.",
        kind=Many(
            item=Record(
                entries=(
                    Entry(name="rule", kind=Text(), required=True, about="Name of the rule."),
                    Entry(name="host", kind=Text(), required=True, about="Host for which it is silenced."),
                    Entry(name="reason", kind=Text(), required=True, about="Why; whoever reads it later will ask."),
                    Entry(
                        name="until",
                        kind=Day(),
                        required=True,
                        about="Last day. A warning comes 30 days before; afterwards the rule speaks again.",
                    ),
                )
            )
        ),
    ),
)

HOST_VARIABLES: tuple[Variable, ...] = (
    Variable(name="mailforest_site", kind=Text(), about="The host's office. Observers have none."),
    Variable(
        name="mailforest_address",
        kind=Text(),
        about="The host's address in its office. Without it: `ansible_host`, when that is an address.",
    ),
    Variable(
        name="mailforest_public_address",
        kind=Text(),
        about="The host's address on the Internet. A host that has one counts as Internet-facing; the gateways of "
        "linked sites need one.",
    ),
    Variable(
        name="mailforest_release",
        kind=Text(numbers=True),
        about="Debian release, `12` or `13` (or `bookworm`, `trixie`), for rules that are to speak before any host is "
        "asked. The real release is checked on the host.",
    ),
    Variable(
        name="mailforest_memory",
        kind=Number(low=64, high=64 * 1024 * 1024),
        about="Memory in MiB. With `mailforest_fsmo: auto` the PDC emulator goes to the strongest controller, where "
        "all of its site say how strong they are. Nothing is asked of the hosts for it.",
    ),
    Variable(
        name="mailforest_shares",
        kind=Many(
            item=Record(
                entries=(
                    Entry(name="name", kind=Text(), required=True, about="Name under which clients see it."),
                    Entry(name="path", kind=Text(), required=True, about="Folder on the host."),
                    Entry(
                        name="group",
                        kind=Text(),
                        required=True,
                        about="A group of this topology with scope `domainlocal`, whose members have access.",
                    ),
                    Entry(name="read_only", kind=Flag(), default=False, about="Whether nobody may write."),
                )
            )
        ),
        about="Folders that a member serves to all sites. Only hosts of `mailforest_members` have shares.",
    ),
    Variable(
        name="mailforest_egress",
        kind=Many(
            item=Record(
                entries=(
                    Entry(name="name", kind=Text(), required=True, about="Comment in the rules, such as `updates`."),
                    Entry(
                        name="transport",
                        kind=Text(choices=("any", "tcp", "udp")),
                        default="tcp",
                        about="The transport.",
                    ),
                    Entry(
                        name="ports",
                        kind=Many(item=Text(numbers=True)),
                        about="Ports and ranges, such as `443` and `8000-8010`. None means all.",
                    ),
                    Entry(
                        name="destinations",
                        kind=Many(item=Text()),
                        about="Networks (CIDR) or addresses. None means everywhere.",
                    ),
                )
            )
        ),
        about="What the host may send beside traffic within the offices and what its functions need: tunnels, DNS, the "
        "controllers' time, mail of mail servers. Where it stands, all else is refused; package mirrors must be named.",
    ),
    Variable(
        name="mailforest_processors",
        kind=Number(low=1, high=4096),
        about="Number of processors; serves as `mailforest_memory` does, among controllers of equal memory.",
    ),
)

SECRETS: tuple[Secret, ...] = (
    Secret(name="mailforest_administrator_password", about="Password of the directory's Administrator."),
    Secret(name="mailforest_ca_passphrase", about="Protects the key of the forest's certificate authority."),
    Secret(
        name="mailforest_mail_bind_password",
        about="Password of the account with which mail servers look users up. Needed when there is a mail server.",
    ),
    Secret(
        name="mailforest_mail_probe_password",
        about="Password of the account that sends and finds a message to prove that mail flows. Needed when there is "
        "a mail server.",
    ),
    Secret(
        name="mailforest_mail_relay_password",
        about="Password for the smart host, from who runs it. Needed when one in `mailforest_mail.relay` has a user.",
        length=1,
        foreign=True,
    ),
)
USER_PASSWORDS = Secret(
    name="mailforest_user_passwords",
    about="Mapping from user to initial password, set when the user is created and never again.",
    length=USER_LENGTH,
)
COMPILED = "mailforest_compiled"
"""The plan, as a fact: known, and not an input."""


def known_names() -> frozenset[str]:
    """Every `mailforest_*` name that may stand in an inventory."""
    variables = {variable.name for variable in (*VARIABLES, *HOST_VARIABLES)}
    secrets = {secret.name for secret in (*SECRETS, USER_PASSWORDS)}
    return frozenset(variables | secrets | {COMPILED})
