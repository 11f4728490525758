# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that greets as SMTP servers do, naming its port, and repeats each line that it is told."""

import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    """One caller."""

    def handle(self) -> None:
        """Greet, and repeat until the caller goes."""
        self.wfile.write(f"220 port {sys.argv[1]}\r\n".encode())
        for line in self.rfile:
            self.wfile.write(b"250 " + line)


class Server(socketserver.ThreadingTCPServer):
    """Takes several callers at once."""

    allow_reuse_address = True
    daemon_threads = True


Server(("", int(sys.argv[1])), Session).serve_forever()
