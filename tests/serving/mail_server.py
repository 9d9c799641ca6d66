"""A mail server on this machine, as much of SMTP as the tests need."""

import base64
import socketserver
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default

KNOWN = ("crm", "p@ss:word/%41")


@dataclass
class Mailbox:
    """What a server was sent, and how it behaves."""

    refuses: tuple[str, ...] = ()  # readers
    wants_password: bool = False
    refuses_data: bool = False
    letters: list = field(default_factory=list)
    port: int = 0

    def to(self, address):
        (letter,) = [one for one in self.letters if one["To"] == address]
        return letter


class Handler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        box, is_in = self.server.box, False
        self.say("220 test")
        while line := self.rfile.readline():
            said = line.decode().strip()
            word = said[:4].upper()
            if word == "EHLO":
                self.say("250-test")
                self.say("250-AUTH PLAIN" if box.wants_password else "250-HELP")
                self.say("250 8BITMIME")
            elif word == "AUTH":
                given = base64.b64decode(said.split()[-1]).decode().split("\0")[1:]
                is_in = tuple(given) == KNOWN
                self.say("235 ok" if is_in else "535 5.7.8 no")
            elif word == "MAIL" and box.wants_password and not is_in:
                self.say("530 sign in")
            elif word == "RCPT" and any(one in said for one in box.refuses):
                self.say("550 5.1.1 no such reader")
            elif word == "DATA":
                self.data()
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def data(self):
        if self.server.box.refuses_data:
            self.say("554 not from you")
            return
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.server.box.letters.append(message_from_bytes(b"".join(lines), policy=default))
        self.say("250 taken")


class Serving:
    """`with Serving(Mailbox()) as box:` a server on a free port of 127.0.0.1."""

    def __init__(self, box):
        self.box = box

    def __enter__(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.box, self.server.daemon_threads = self.box, True
        self.box.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self.box

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
