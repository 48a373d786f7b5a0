"""How requests may be written: every form that some client sends, as raw bytes over TLS against a
live node. A row of CASES is one test: the request, the status line, and what the answer holds."""
import base64
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import time
import unittest
import urllib.parse

URL = os.environ.get("POSADA_URL")
TOKEN = os.environ.get("POSADA_TOKEN", "")
USER = os.environ.get("POSADA_USER", "")
GROUP = "/api2/json/access/groups/t-wire"
JSON_TYPE = "application/json;charset=UTF-8"
FORM = "application/x-www-form-urlencoded"


class Connection:
    def __init__(self):
        parts = urllib.parse.urlsplit(URL)
        raw = socket.create_connection((parts.hostname, parts.port or 8006), timeout=30)
        self.stream = ssl._create_unverified_context().wrap_socket(raw)
        self.file = self.stream.makefile("rb")

    def send(self, data):
        self.stream.sendall(data)

    def answer(self, has_body=True):
        """(status line, {header: value}, body); interim answers are left out."""
        while True:
            line = self.file.readline().decode("latin-1").rstrip("\r\n")
            headers = {}
            while (text := self.file.readline().decode("latin-1").rstrip("\r\n")):
                name, _, value = text.partition(": ")
                headers[name.lower()] = value
            if " 100 " not in line:
                break
        length = int(headers.get("content-length", 0)) if has_body else 0
        return line, headers, self.file.read(length)

    def close(self):
        self.file.close()
        self.stream.close()


def request(method, path, *headers, body=None, version="1.1", token=True, length=True):
    lines = [f"{method} {path} HTTP/{version}"]
    if version == "1.1":
        lines.append("Host: node.example:8006")
    if token:
        lines.append(f"Authorization: PVEAPIToken={TOKEN}")
    lines += headers
    data = body.encode() if isinstance(body, str) else body
    if data is not None and length:
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode() + (data or b"")


def ask(data, method="GET"):
    connection = Connection()
    try:
        connection.send(data)
        return connection.answer(method != "HEAD")
    finally:
        connection.close()


def multipart(*parts, end=b"\r\n--b--\r\n"):
    text = b""
    for head, body in parts:
        text += b"\r\n--b\r\n" + head.encode() + b"\r\n\r\n" + body
    return text[2:] + end


def field(name, value, extra=""):
    return f'Content-Disposition: form-data; name="{name}"{extra}', value.encode()


def file_part(file_name, content, extra="", type_line=""):
    return (f'Content-Disposition: form-data; name="filename"; filename="{file_name}"{extra}'
            + type_line, content)


def put_group(body, content_type=FORM):
    return request("PUT", GROUP, f"Content-Type: {content_type}", body=body)


# (name, request, status line without the version, check of the JSON body or None)
VERSION = lambda body: body["data"]["version"].startswith("9.")
NOTHING = lambda body: body == {"data": None}
ADDRESSES = [
    ("the plain path", request("GET", "/api2/json/version"), "200 OK", VERSION),
    ("a slash at the end", request("GET", "/api2/json/version/"), "200 OK", VERSION),
    ("two slashes", request("GET", "//api2//json//version"), "200 OK", VERSION),
    ("the whole address", request("GET", "https://node.example:8006/api2/json/version"),
     "200 OK", VERSION),
    ("the parameter _dc", request("GET", "/api2/json/version?_dc=123"), "200 OK", VERSION),
    ("an empty query", request("GET", "/api2/json/version?"), "200 OK", VERSION),
    ("escaped letters", request("GET", "/api2/json/%76ersion"), "200 OK", VERSION),
    ("extjs", request("GET", "/api2/extjs/version"), "200 OK",
     lambda body: body["success"] == 1 and VERSION(body)),
    ("extjs with an error", request("GET", "/api2/extjs/nodes/localhost/qemu/5999/config"),
     "200 OK", lambda body: body["success"] == 0 and body["status"] == 500
     and "does not exist" in body["message"]),
    ("extjs with a wrong parameter", request("GET", "/api2/extjs/nodes/localhost/qemu/abc/config"),
     "200 OK", lambda body: body["success"] == 0 and body["status"] == 400
     and "vmid" in body["errors"]),
    ("the root of the tree", request("GET", "/api2/json"), "200 OK",
     lambda body: {row["subdir"] for row in body["data"]}
     == {"version", "cluster", "nodes", "storage", "access", "pools"}),
    ("the root with a slash", request("GET", "/api2/json/"), "200 OK",
     lambda body: len(body["data"]) == 6),
    ("no format", request("GET", "/api2"), "501 no such uri", None),
    ("an unknown format", request("GET", "/api2/yaml/version"),
     "501 no formatter for uri /version, format yaml", None),
    ("an unknown path", request("GET", "/api2/json/nope"),
     "501 Method 'GET /nope' not implemented",
     lambda body: body["message"] == "Method 'GET /nope' not implemented"),
    ("a known path, another method", request("DELETE", "/api2/json/version"),
     "501 Method 'DELETE /version' not implemented", None),
    ("an unknown method", request("PATCH", "/api2/json/version"),
     "501 method 'PATCH' not available", None),
    ("localhost for the node", request("GET", "/api2/json/nodes/localhost/version"), "200 OK",
     VERSION),
    ("a volume with raw slashes",
     request("GET", "/api2/json/nodes/localhost/storage/local/content/local:iso/t-none.iso"),
     "500 *", lambda body: "t-none.iso" in body["message"]),
    ("a volume with escaped slashes",
     request("GET", "/api2/json/nodes/localhost/storage/local/content/local%3Aiso%2Ft-none.iso"),
     "500 *", lambda body: "t-none.iso" in body["message"]),
    ("a body of a GET", request("GET", "/api2/json/version", body="a=b"),
     "501 Unexpected content for method 'GET'", None),
    ("an empty body of a GET", request("GET", "/api2/json/version", body=""), "200 OK", VERSION),
    ("an empty body of a GET with a type",
     request("GET", "/api2/json/version", "Content-Type: application/json", body=""), "200 OK",
     VERSION),
]
CREDENTIALS = [
    ("token with =", request("GET", "/api2/json/version", f"Authorization: PVEAPIToken={TOKEN}",
                             token=False), "200 OK", VERSION),
    ("token with a space", request("GET", "/api2/json/version",
                                   f"Authorization: PVEAPIToken {TOKEN}", token=False),
     "200 OK", VERSION),
    ("header names in small letters", request("GET", "/api2/json/version",
                                              f"authorization: PVEAPIToken={TOKEN}", token=False),
     "200 OK", VERSION),
    ("no ticket", request("GET", "/api2/json/version", token=False), "401 No ticket", None),
    ("basic authorization", request("GET", "/api2/json/version", "Authorization: Basic YTpi",
                                    token=False), "401 No ticket", None),
]
BODIES = [
    ("a form", put_group("comment=a"), "200 OK", NOTHING, "a"),
    ("plus and percent", put_group("comment=a+b%2Bc%20d"), "200 OK", NOTHING, "a b+c d"),
    ("UTF-8", put_group("comment=%C3%B1andú"), "200 OK", NOTHING, "ñandú"),
    ("a semicolon between", put_group("comment=x;_dc=1"), "200 OK", NOTHING, "x"),
    ("an escaped =", put_group("comment=a%3Db"), "200 OK", NOTHING, "a=b"),
    ("a charset", put_group("comment=c", FORM + "; charset=UTF-8"), "200 OK", NOTHING, "c"),
    ("a type in capitals", put_group("comment=d", "Application/X-WWW-Form-URLEncoded"), "200 OK",
     NOTHING, "d"),
    ("no type", request("PUT", GROUP, body="comment=e"), "200 OK", NOTHING, "e"),
    ("JSON", put_group('{"comment": "f"}', "application/json"), "200 OK", NOTHING, "f"),
    ("JSON with a charset", put_group('{"comment": "g ñ"}', "application/json; charset=utf-8"),
     "200 OK", NOTHING, "g ñ"),
    ("JSON with a charset and no space", put_group('{"comment": "h"}',
                                                   "application/json;charset=UTF-8"),
     "200 OK", NOTHING, "h"),
    ("JSON with escapes", put_group('{"comment": "\\u00f1 \\/"}', "application/json"), "200 OK",
     NOTHING, "ñ /"),
    ("JSON with a number for a text", put_group('{"comment": 12}', "application/json"), "200 OK",
     NOTHING, "12"),
    ("JSON with null is as if it were not sent", put_group('{"comment": null}', "application/json"),
     "200 OK", NOTHING, "12"),
    ("an empty text", put_group("comment="), "200 OK", NOTHING, None),
    ("parameters in the query", request("PUT", GROUP + "?comment=i"), "200 OK", NOTHING, "i"),
    ("the query wins over the body", request("PUT", GROUP + "?comment=query",
                                             f"Content-Type: {FORM}", body="comment=body"),
     "200 OK", NOTHING, "query"),
    ("chunks", request("PUT", GROUP, f"Content-Type: {FORM}", "Transfer-Encoding: chunked",
                       body="8\r\ncomment=\r\n2\r\njk\r\n0\r\n\r\n", length=False),
     "200 OK", NOTHING, "jk"),
    ("an array as JSON body", put_group('["comment"]', "application/json"),
     "400 unable to parse parameters: the body must be a JSON object", None, None),
    ("broken JSON", put_group('{"comment": ', "application/json"), "400 *", None, None),
    ("another type", put_group("comment=l", "text/plain"), "506 *", None, None),
]

@unittest.skipUnless(URL, "POSADA_URL is not set")
class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ask(request("DELETE", GROUP))
        line, _, _ = ask(request("POST", "/api2/json/access/groups", f"Content-Type: {FORM}",
                                 body="groupid=t-wire"))
        assert " 200 " in line, line
        cls.addClassCleanup(ask, request("DELETE", GROUP))

    def line_is(self, wanted, line):
        pattern = re.escape(wanted).replace(r"\*", ".*")
        self.assertRegex(line, rf"^HTTP/1\.[01] {pattern}$")

    def check(self, wanted, holds, answer):
        line, headers, body = answer
        self.line_is(wanted, line)
        if holds:
            self.assertEqual(headers.get("content-type"), JSON_TYPE)
            self.assertTrue(holds(json.loads(body)), body)

    def comment(self):
        _, _, body = ask(request("GET", GROUP))
        return json.loads(body)["data"].get("comment")

    def test_addresses(self):
        for name, data, wanted, holds in ADDRESSES:
            with self.subTest(name):
                self.check(wanted, holds, ask(data))

    def test_credentials(self):
        for name, data, wanted, holds in CREDENTIALS:
            with self.subTest(name):
                self.check(wanted, holds, ask(data))

    def test_bodies(self):
        for name, data, wanted, holds, comment in BODIES:
            with self.subTest(name):
                self.check(wanted, holds, ask(data))
                if wanted.startswith("200"):
                    self.assertEqual(self.comment() or None, comment)

    def sign_in(self):
        form = urllib.parse.urlencode({"username": USER, "password": os.environ["POSADA_PASSWORD"]})
        _, headers, body = ask(request("POST", "/api2/json/access/ticket", f"Content-Type: {FORM}",
                                       body=form, token=False))
        self.assertNotIn("set-cookie", headers)
        return json.loads(body)["data"]

    def test_cookies(self):
        data = self.sign_in()
        ticket, csrf = data["ticket"], data["CSRFPreventionToken"]
        escaped = urllib.parse.quote(ticket, safe="")
        for name, cookie in [
                ("plain", ticket), ("escaped", escaped), ("with others", f"{ticket}; a=b"),
                ("quoted for nobody", f"{ticket}; version=0; path=/; secure=1; expires=7200")]:
            with self.subTest(name):
                self.check("200 OK", VERSION, ask(request(
                    "GET", "/api2/json/version", f"Cookie: PVEAuthCookie={cookie}", token=False)))
        with self.subTest("after another cookie"):
            self.check("200 OK", VERSION, ask(request(
                "GET", "/api2/json/version", f"Cookie: x=y; PVEAuthCookie={escaped}", token=False)))
        with self.subTest("as authorization"):
            self.check("200 OK", VERSION, ask(request(
                "GET", "/api2/json/version", f"Authorization: PVEAuthCookie={ticket}", token=False)))
        cookie = f"Cookie: PVEAuthCookie={ticket}"
        with self.subTest("a change without the CSRF token"):
            self.check("401 Permission denied - invalid csrf token", None, ask(request(
                "PUT", GROUP, cookie, f"Content-Type: {FORM}", body="comment=m", token=False)))
        with self.subTest("a change with it"):
            self.check("200 OK", NOTHING, ask(request(
                "PUT", GROUP, cookie, f"CSRFPreventionToken: {csrf}", f"Content-Type: {FORM}",
                body="comment=n", token=False)))

    def test_methods_that_only_look(self):
        line, headers, body = ask(request("HEAD", "/api2/json/version"), "HEAD")
        self.line_is("200 OK", line)
        self.assertEqual(body, b"")
        line, headers, _ = ask(request("OPTIONS", "/api2/json/version", token=False))
        self.line_is("204 No Content", line)
        self.assertIn("PUT", headers["allow"])

    def test_http_1_0_and_keep_alive(self):
        line, headers, _ = ask(request("GET", "/api2/json/version", version="1.0"))
        self.assertRegex(line, "^HTTP/1.0 200 OK$")
        self.assertEqual(headers["connection"].lower(), "close")
        connection = Connection()
        self.addCleanup(connection.close)
        for header in ([], [], ["Connection: keep-alive"], ["Connection: close"]):
            connection.send(request("GET", "/api2/json/version", *header))
            self.check("200 OK", VERSION, connection.answer())
        self.assertEqual(connection.file.read(), b"")

    def test_two_requests_sent_at_once_are_answered_in_order(self):
        connection = Connection()
        self.addCleanup(connection.close)
        connection.send(request("GET", "/api2/json/version")
                        + request("GET", "/api2/json/access/domains"))
        self.check("200 OK", VERSION, connection.answer())
        self.check("200 OK", lambda body: body["data"][0]["realm"], connection.answer())

    def test_expect_100_continue(self):
        connection = Connection()
        self.addCleanup(connection.close)
        head = request("PUT", GROUP, f"Content-Type: {FORM}", "Expect: 100-continue",
                       body="comment=o")
        connection.send(head[:-len("comment=o")])
        self.assertRegex(connection.file.readline(), rb"^HTTP/1.1 100 Continue\r\n$")
        self.assertEqual(connection.file.readline(), b"\r\n")
        connection.send(b"comment=o")
        self.check("200 OK", NOTHING, connection.answer())

    def test_arrays_lists_and_objects(self):
        """A list may be one text, a repeated key or a JSON array; a property string is a text."""
        path = "/api2/json/access/users"
        user = f"{path}/t-wire@pve"
        for name, data in [
                ("a text", put_like(path, "userid=t-wire@pve&groups=t-wire")),
                ("a repeated key", put_like(path, "userid=t-wire@pve&groups=t-wire&groups=t-wire")),
                ("a JSON array", put_like(path, '{"userid":"t-wire@pve","groups":["t-wire"]}',
                                          "application/json")),
                ("a JSON true", put_like(path, '{"userid":"t-wire@pve","groups":"t-wire",'
                                               '"enable":true,"expire":0}', "application/json"))]:
            with self.subTest(name):
                self.check("200 OK", NOTHING, ask(data))
                _, _, body = ask(request("GET", user))
                self.assertEqual(json.loads(body)["data"]["groups"], ["t-wire"])
                self.assertEqual(json.loads(body)["data"]["enable"], 1)
                self.check("200 OK", NOTHING, ask(request("DELETE", user)))
        for name, body in [("yes is no boolean", "userid=t-wire@pve&enable=yes"),
                           ("true is none in a form", "userid=t-wire@pve&enable=true")]:
            with self.subTest(name):
                self.check("400 Parameter verification failed.",
                           lambda answer: "enable" in answer["errors"], ask(put_like(path, body)))

    def upload(self, body, *headers):
        return ask(request("POST", "/api2/json/nodes/localhost/storage/local/upload", *headers,
                           "Content-Type: multipart/form-data; boundary=b", body=body))

    def finished(self, answer):
        upid = json.loads(answer[2])["data"]
        path = "/api2/json/nodes/localhost/tasks/" + urllib.parse.quote(upid, safe="")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = json.loads(ask(request("GET", f"{path}/status"))[2])["data"]
            if status["status"] == "stopped":
                return status["exitstatus"]
            time.sleep(0.05)
        raise AssertionError(f"{upid} still runs")

    def test_uploads(self):
        content = b"--b is no boundary\r\n--\r\n" + os.urandom(5000)
        digest = hashlib.sha256(content).hexdigest()
        iso = field("content", "iso")
        for name, file_name, parts in [
                ("content, then the file", "t-wire.iso", (iso, file_part("t-wire.iso", content))),
                ("parts with types", "t-wire.iso",
                 (field("content", "iso", "\r\nContent-Type: text/plain"),
                  file_part("t-wire.iso", content,
                            type_line="\r\nContent-Type: application/octet-stream"))),
                ("a checksum before the file", "t-wire.iso",
                 (iso, field("checksum-algorithm", "sha256"), field("checksum", digest),
                  file_part("t-wire.iso", content))),
                ("the checksum first", "t-wire.iso",
                 (field("checksum", digest), field("checksum-algorithm", "sha256"), iso,
                  file_part("t-wire.iso", content)))]:
            with self.subTest(name):
                answer = self.upload(multipart(*parts))
                self.check("200 OK", lambda body: body["data"].startswith("UPID:"), answer)
                self.assertEqual(self.finished(answer), "OK")
                _, _, body = ask(request(
                    "GET", f"/api2/json/nodes/localhost/storage/local/content/local:iso/{file_name}"))
                self.assertEqual(json.loads(body)["data"]["size"], len(content))
                answer = ask(request(
                    "DELETE", f"/api2/json/nodes/localhost/storage/local/content/local:iso/{file_name}"))
                self.assertEqual(self.finished(answer), "OK")
        with self.subTest("a wrong field name"):
            part = ('Content-Disposition: form-data; name="file"; filename="t-wire.iso"', content)
            self.check("500 wrong field name 'file' for file upload, expected 'filename'", None,
                       self.upload(multipart(iso, part)))
        with self.subTest("no length"):
            self.check("501 *", None, ask(request(
                "POST", "/api2/json/nodes/localhost/storage/local/upload",
                "Content-Type: multipart/form-data; boundary=b", "Transfer-Encoding: chunked",
                body=b"0\r\n\r\n", length=False)))

    def test_an_upload_that_waits_for_100(self):
        connection = Connection()
        self.addCleanup(connection.close)
        body = multipart(field("content", "iso"), file_part("t-wire.iso", b"x" * 1000))
        data = request("POST", "/api2/json/nodes/localhost/storage/local/upload",
                       "Content-Type: multipart/form-data; boundary=b", "Expect: 100-continue",
                       body=body)
        connection.send(data[:-len(body)])
        self.assertRegex(connection.file.readline(), rb"^HTTP/1.1 100 Continue\r\n$")
        connection.file.readline()
        connection.send(body)
        answer = connection.answer()
        self.check("200 OK", lambda found: found["data"].startswith("UPID:"), answer)
        self.assertEqual(self.finished(answer), "OK")
        ask(request("DELETE",
                    "/api2/json/nodes/localhost/storage/local/content/local:iso/t-wire.iso"))

    def test_a_terminal_by_websocket(self):
        path = "/api2/json/nodes/localhost/termproxy"
        _, _, body = ask(request("POST", path, f"Content-Type: {FORM}", body=""))
        proxy = json.loads(body)["data"]
        self.assertIsInstance(proxy["port"], (str, int))
        query = urllib.parse.urlencode({"port": proxy["port"], "vncticket": proxy["ticket"]})
        connection = Connection()
        self.addCleanup(connection.close)
        connection.send(request(
            "GET", f"/api2/json/nodes/localhost/vncwebsocket?{query}", "Connection: Upgrade",
            "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: binary",
            "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()))
        line, headers, _ = connection.answer(has_body=False)
        self.line_is("101 Switching Protocols", line)
        self.assertEqual(headers["sec-websocket-protocol"], "binary")
        connection.send(frame(f"{proxy['user']}:{proxy['ticket']}\n".encode()))
        first, size = connection.file.read(2)
        self.assertEqual(first, 0x82)
        self.assertEqual(connection.file.read(size & 0x7f)[:2], b"OK")


def put_like(path, body, content_type=FORM):
    return request("POST", path, f"Content-Type: {content_type}", body=body)


def frame(data):
    mask = b"\1\2\3\4"
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return b"\x82" + length + mask + masked


if __name__ == "__main__":
    unittest.main(warnings="ignore")
