"""What the Python client tests share: plain requests to the server under test, and waiting for
what they start. Nothing here belongs to a client that is tested."""
import http.client
import json
import os
import ssl
import time
import urllib.parse

URL = os.environ.get("POSADA_URL")


class Server:
    def __init__(self):
        self.authority = urllib.parse.urlsplit(URL).netloc
        self.context = ssl._create_unverified_context()

    def ask(self, method, path, form=None, headers=None, body=None):
        connection = http.client.HTTPSConnection(self.authority, timeout=60, context=self.context)
        headers = dict(headers or {})
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def sign_in(self, user, password):
        _, text = self.ask("POST", "/api2/json/access/ticket",
                           {"username": user, "password": password})
        data = json.loads(text)["data"]
        return {"Cookie": f"PVEAuthCookie={data['ticket']}",
                "CSRFPreventionToken": data["CSRFPreventionToken"]}


class Administrator:
    """Signed in by a password; each call waits for the task that it starts."""

    def __init__(self, server, user, password):
        self.server = server
        self.credential = server.sign_in(user, password)
        self.node = self.call("GET", "/nodes")[0]["node"]

    def call(self, method, path, /, may_fail=False, **form):
        in_query = method in ("GET", "DELETE")
        if in_query and form:
            path += "?" + urllib.parse.urlencode(form)
        answer, text = self.server.ask(method, f"/api2/json{path}", None if in_query else form,
                                       self.credential)
        if answer.status != 200:
            if may_fail:
                return None
            raise AssertionError(f"{method} {path}: {answer.status} {answer.reason} {text}")
        data = json.loads(text)["data"]
        if isinstance(data, str) and data.startswith("UPID:"):
            status = self.finish(data)
            if status != "OK" and not may_fail:
                raise AssertionError(f"{method} {path}: {status}")
        return data

    def finish(self, upid):
        path = f"/nodes/{self.node}/tasks/{urllib.parse.quote(upid, safe='')}/status"
        deadline = time.monotonic() + 120
        while (status := self.call("GET", path))["status"] != "stopped":
            if time.monotonic() > deadline:
                raise AssertionError(f"{upid} still runs")
            time.sleep(0.1)
        return status["exitstatus"]

    def upload(self, storage, content, name, data):
        head = ('--b\r\nContent-Disposition: form-data; name="content"\r\n\r\n'
                f'{content}\r\n--b\r\nContent-Disposition: form-data; name="filename"; '
                f'filename="{name}"\r\n\r\n').encode()
        answer, text = self.server.ask(
            "POST", f"/api2/json/nodes/{self.node}/storage/{storage}/upload", None,
            {**self.credential, "Content-Type": "multipart/form-data; boundary=b"},
            head + data + b"\r\n--b--\r\n")
        if answer.status != 200:
            raise AssertionError(f"upload of {name}: {answer.status} {answer.reason} {text}")
        status = self.finish(json.loads(text)["data"])
        if status != "OK":
            raise AssertionError(f"upload of {name}: {status}")
