# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what failed: fact, consequence, remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.result import Result
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Expectation, Verdict

MOST_LINES = 50
ALL_UP_TO = 1000

_ADVICE: Mapping[Verdict, tuple[str, str]] = {
    Verdict.REFUSED: (
        "Nothing listens there, so no client gets in.",
        "Start the service, or correct its address or port; its journal says why it is not listening.",
    ),
    Verdict.FILTERED: (
        "A firewall drops the packets or the host is down, so clients wait in vain.",
        "Open the port on every firewall between the two, or start the host.",
    ),
    Verdict.UNREACHABLE: (
        "A router or firewall says that there is no way, so no client gets in.",
        "Correct the route, the tunnel or the rejecting rule.",
    ),
    Verdict.UNRESOLVED: ("Nobody finds the host.", "Correct the name, its DNS record or the resolver of this host."),
    Verdict.OPEN_OR_FILTERED: (
        "A service that does not know the question and a firewall look the same.",
        "See whether the service runs and answers this question, then look at the firewalls between.",
    ),
    Verdict.WRONG_PROTOCOL: (
        "Something listens, but it does not serve clients as declared.",
        "See which service has the port, and correct its configuration or the check.",
    ),
    Verdict.WRONG_TLS: (
        "Clients either cannot connect or send passwords in the clear.",
        "Correct the service's TLS settings or the check's tls mode.",
    ),
    Verdict.BAD_CERTIFICATE: (
        "Clients refuse it, or learn to ignore warnings.",
        "Renew it, issue it for this name, have the service load it, or give the CA that issued it as ca_file.",
    ),
    Verdict.UNKNOWN: (
        "What would serve clients is not there.",
        "See the service's journal; behind a proxy or tunnel, see whether its far end lives.",
    ),
}
_STILL_OPEN = (
    "It can be reached where it must not be.",
    "Stop the service, bind it elsewhere, or close the port on the firewall.",
)
_NO_PROOF = ("That does not show that the port is closed.", "Correct the cause, or list the verdict under accept.")


def _advice(result: Result) -> tuple[str, str]:
    verdict = result.finding.verdict
    if result.check.expect is Expectation.OPEN:
        return _ADVICE[verdict]
    return _NO_PROOF if verdict in (Verdict.UNRESOLVED, Verdict.OPEN_OR_FILTERED) else _STILL_OPEN


def sentence(result: Result) -> str:
    """Return one line about a check that failed."""
    check, finding = result.check, result.finding
    where = f" ({finding.address})" if finding.address not in ("", check.host) else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    fact = (
        f"{check.label} at {check.endpoint}{where} is {finding.verdict}, expected {check.expect}: stage {finding.stage}"
    )
    times = f"{result.seconds:.2f} s" + (f", {result.attempts} attempts" if result.attempts > 1 else "")
    consequence, remedy = _advice(result)
    requirement = f" [{check.requirement}]" if check.requirement else ""
    return f"{fact}, {times}{detail}. {consequence} {remedy}{requirement}"


def _as_dict(result: Result) -> dict[str, Any]:
    """Return the result, with what follows and what to do where it did not pass."""
    consequence, remedy = ("", "") if result.passed else _advice(result)
    return {**result.as_dict(), "consequence": consequence, "remedy": remedy}


def _certificates(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every certificate that was shown, and where: also by the checks that are left out of the results."""
    return [
        {
            "name": result.check.name,
            "host": result.check.host,
            "port": result.check.port,
            "server_name": result.check.tls_name,
            "requirement": result.check.requirement,
            **result.finding.certificate,
        }
        for result in results
        if result.finding.certificate
    ]


def message(results: Sequence[Result]) -> str:
    """Return the summary, and one line for each check that failed."""
    failed = [result for result in results if not result.passed]
    lines = [f"{len(results) - len(failed)} of {len(results)} checks passed."]
    lines += [sentence(result) for result in failed[:MOST_LINES]]
    if len(failed) > MOST_LINES:
        lines.append(f"{len(failed) - MOST_LINES} more failed; they are in results.")
    return "\n".join(lines)


def as_return_values(results: Sequence[Result], *, report: str, seconds: float) -> dict[str, Any]:
    """Return what the module returns; report is all, failures or auto (all up to 1,000 checks)."""
    everything = report == "all" or (report == "auto" and len(results) <= ALL_UP_TO)
    failed = [result for result in results if not result.passed]
    return {
        "msg": message(results),
        "results": [_as_dict(result) for result in (results if everything else failed)],
        "checked": len(results),
        "failed_checks": len(failed),
        "certificates": _certificates(results),
        "verdicts": dict(Counter(str(result.finding.verdict) for result in results)),
        "seconds": round(seconds, 3),
    }
