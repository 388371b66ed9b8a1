#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium opens the display's page, sees Linux's console on the guest's frame buffer,
types a command and sees its output. Needs Debian's chromium, so it is no part of ./test.

browser.py HOST [SCREENSHOT]    the screenshot is kept there; display.png without it
"""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import rfb
import vnc
import guest


class Browser:
    """A page under the Chrome DevTools protocol."""

    def __init__(self, url, work):
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--remote-debugging-port=0", "--remote-allow-origins=*", "--window-size=900,700",
             "--user-data-dir=" + os.path.join(work, "profile"), url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(work, "chromium"), "wb"))
        port_file = os.path.join(work, "profile", "DevToolsActivePort")
        until = time.monotonic() + 60
        while not os.path.exists(port_file) and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(1)
        with open(port_file, encoding="ascii") as file:
            port = int(file.readline())
        self.link = rfb.WebSocket(rfb.tcp(port), "127.0.0.1:%d" % port, self.page(port))
        self.number = 0

    @staticmethod
    def page(port):
        link = rfb.tcp(port)
        link.sendall(b"GET /json/list HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        text = b""
        while b"]" not in text:
            data = link.recv(65536)
            if not data:
                break
            text += data
        pages = json.loads(text[text.index(b"["):])
        url = [page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"][0]
        return "/" + url.split("/", 3)[3]

    def ask(self, method, **parameters):
        self.number += 1
        self.link.send_frame(1, json.dumps({"id": self.number, "method": method,
                                            "params": parameters}).encode())
        while True:
            message = json.loads(self.link.message())
            if message.get("id") == self.number:
                return message.get("result", message)

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True,
                        awaitPromise=True)["result"].get("value")

    def key(self, code, text=""):
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, code=code, key=text or code)
            time.sleep(0.02)

    def type(self, text):
        names = {" ": "Space", "\n": "Enter", "/": "Slash", "-": "Minus", ".": "Period"}
        for letter in text:
            self.key(names.get(letter) or ("Digit" if letter.isdigit() else "Key") + letter.upper(),
                     letter)

    def lit(self):
        """How many pixels of the canvas are not black."""
        return self.value("(() => { const c = document.getElementById('screen'); const d = "
                          "c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
                          "for (let i = 0; i < d.length; i += 4) n += d[i] > 60; return n; })()")


def show(tap, host, browser, screenshot):
    tap.check(host.wait_serial(b"ready"), "the guest is up")
    time.sleep(3)
    size = browser.value("[screen.width, document.getElementById('screen').width, "
                         "document.getElementById('state').textContent].join(' ')")
    before = browser.lit()
    tap.check("800 connected" in size and before > 20,
              "the page shows the console: %s, %d pixels" % (size, before))
    browser.type("uname -a\nls /\n")
    browser.type("cat /proc/uptime\n")
    time.sleep(4)
    after = browser.lit()
    tap.check(after > before + 500, "a command's output appears: %d pixels" % after)
    picture = browser.ask("Page.captureScreenshot", format="png")["data"]
    with open(screenshot, "wb") as file:
        file.write(base64.b64decode(picture))
    tap.note("screenshot: " + screenshot)


def main():
    tap = guest.Tap()
    screenshot = sys.argv[2] if len(sys.argv) > 2 else "display.png"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        host, browser = vnc.Host(sys.argv[1], work), None
        try:
            with open(host.errors, encoding="utf-8") as file:
                url = re.search(r"http://\S+", file.read()).group(0)
            browser = Browser(url, work)
            show(tap, host, browser, screenshot)
        finally:
            host.process.kill()
            host.process.wait()
            if browser is not None:
                browser.process.kill()
                browser.process.wait()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
