# SPDX-License-Identifier: Apache-2.0
# The Docker API without a client: requests as they should be, and bytes that no client sends. Figures of a process.
import http.client
import json
import os
import re
import socket

from support import BUILD, SCALE, check

# A sanitizer keeps what was freed for a while, and its allocations are larger.
MEMORY = 5 if os.path.isdir(os.path.join(BUILD, "reports")) else 1


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout * SCALE)
        self.place = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.place)


class Reply:
    """status, headers (names in lower case), body (bytes)"""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def message(self):
        """Of an error's body; fails when there is none"""
        try:
            found = json.loads(self.body)["message"]
        except (ValueError, KeyError, TypeError):
            raise AssertionError(f"no message: {self!r}") from None
        check(isinstance(found, str) and found, f"an empty message: {self!r}")
        return found

    def __repr__(self):
        return f"{self.status}: {self.body[:300]!r}"


class Api:
    """One connection that is kept, to the engine's socket PATH"""

    def __init__(self, path, timeout=20):
        self.path, self.timeout, self.connection = path, timeout, None

    def request(self, method, path, body=None, headers=None):
        """BODY: bytes as they are, anything else as JSON; -> Reply"""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers or {}
        for attempt in (0, 1):
            self.connection = self.connection or UnixConnection(self.path, self.timeout)
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
                if attempt:
                    raise
            except BaseException:
                self.close()
                raise
        return None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(self.timeout * SCALE)
        connection.connect(self.path)
        return connection

    def raw(self, data, half_close=False, patience=0.5):
        """DATA as it stands on a connection of its own; -> what comes back until the engine closes, or is silent for
        PATIENCE seconds: it may wait for more of what is no request yet"""
        with self.connect() as connection:
            connection.settimeout(patience)
            try:
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return read_all(connection)


def read_all(connection):
    got = b""
    while True:
        try:
            part = connection.recv(65536)
        except (ConnectionResetError, TimeoutError):
            return got
        if not part:
            return got
        got += part


def statuses(data):
    """The status of each reply in what raw() gave"""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", data)]


def memory_of(pid):
    """Resident, in MiB"""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads_of(pid):
    return len(os.listdir(f"/proc/{pid}/task"))
