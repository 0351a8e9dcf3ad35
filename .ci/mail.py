"""Lets `yixun serve` mail to aiosmtpd: mail.py YIXUN FOLDER_WITH_CERTIFICATES"""

import email
import email.policy
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

YIXUN, WORK = sys.argv[1:3]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# A refused handshake is what the last part looks for.
logging.disable(logging.CRITICAL)
NAME, PASSWORD = "yixun", "correct horse"
MINE = "Tall-Trees-2026x"


class Handler:
    """Keeps what comes, and how it came."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, message, server.transport.get_extra_info("ssl_object") is not None, session.authenticated))
        return "250 OK"


def authenticator(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (NAME.encode(), PASSWORD.encode())
    return AuthResult(success=good)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def mail_server(security, handler):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{WORK}/server.pem", f"{WORK}/server.key")
    tls = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), server_hostname="localhost",
        authenticator=authenticator, auth_required=True, auth_require_tls=security != "tls", **tls)
    controller.start()
    return controller


class Yixun:
    """A running server with a data folder of its own."""

    def __init__(self, name, settings):
        self.folder = f"{WORK}/{name}"
        self.port = free_port()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("YIXUN_")}
        self.environment |= {"YIXUN_DATA_DIR": self.folder, "YIXUN_LISTEN": f"127.0.0.1:{self.port}",
            "YIXUN_LOG": "error"} | settings
        said = subprocess.run([YIXUN, "user", "create", "--username", "root", "--name", "示例管理员", "--role", "admin"],
            env=self.environment, check=True, capture_output=True, text=True).stdout
        self.first = said.rsplit("：", 1)[1].strip()
        self.process = subprocess.Popen([YIXUN, "serve"], env=self.environment, stdout=subprocess.DEVNULL)
        until(lambda: self.is_up(), "the server does not start")

    def is_up(self):
        try:
            return DIRECT.open(f"http://127.0.0.1:{self.port}/readyz").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, token=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", data, headers, method=method)
        try:
            with DIRECT.open(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refused:
            sys.exit(f"{method} {path}: {refused.code} {refused.read().decode()}")
        return json.loads(text) if text else None

    def token(self):
        """Logs in with the first password, changes it, and logs in again."""
        login = lambda password: self.ask("POST", "/auth/login", {"username": "root", "password": password})["access_token"]
        self.ask("POST", "/me/password", {"current_password": self.first, "new_password": MINE}, login(self.first))
        return login(MINE)

    def end(self):
        self.process.terminate()
        self.process.wait(30)


def until(done, why, seconds=30):
    for _ in range(seconds * 10):
        found = done()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(why)


def try_mail(name, security, ca):
    handler = Handler()
    server = mail_server(security, handler)
    settings = {"YIXUN_MAIL_HOST": "localhost", "YIXUN_MAIL_PORT": str(server.port), "YIXUN_MAIL_SECURITY": security,
        "YIXUN_MAIL_FROM": "颐巡 <yixun@example.cn>", "YIXUN_MAIL_USERNAME": NAME, "YIXUN_MAIL_PASSWORD": PASSWORD}
    yixun = Yixun(name, settings | ({"YIXUN_OUTGOING_CA": ca} if ca else {}))
    try:
        token = yixun.token()
        yixun.ask("PUT", "/me/notice-address", {"address": "root@example.cn", "enabled": True}, token)
        yixun.ask("POST", "/me/notice-address/tests", {}, token)
        tried = lambda: next((m for m in yixun.ask("GET", "/mail/deliveries", token=token)["items"]
            if m["attempts"] > 0 and m["state"] != "running"), None)
        return until(tried, "no attempt"), handler.mails
    finally:
        yixun.end()
        server.stop()


for security in ("starttls", "tls"):
    delivery, mails = try_mail(security, security, f"{WORK}/ca.pem")
    assert delivery["state"] == "delivered" and len(mails) == 1, (security, delivery, mails)
    recipients, message, encrypted, authenticated = mails[0]
    assert recipients == ["root@example.cn"] and encrypted and authenticated, mails[0]
    assert message["Subject"] == "测试消息" and message["From"].addresses[0].addr_spec == "yixun@example.cn", message
    assert message["Message-ID"] == f"<{delivery['message_id']}@example.cn>", message["Message-ID"]
    text = message.get_content()
    assert message.get_content_type() == "text/plain" and text.startswith("示例管理员发出的测试消息"), text
    print(f"{security}: {message['Subject']} → {recipients[0]}")

delivery, mails = try_mail("unknown", "starttls", None)
assert delivery["state"] == "ready" and not mails and delivery["last_error"], delivery
print(f"unknown authority: {delivery['last_error']}")
