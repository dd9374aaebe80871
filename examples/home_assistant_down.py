"""Mails when Home Assistant, or anything else that speaks HTTP, no longer answers, and when it is back."""

import socket
import time
from umail import Message, Outbox, m365

HOST, PORT = "192.168.1.10", 8123
EVERY = 60  # seconds between two looks
MISSES = 3  # so many without an answer in a row are an alert

outbox = Outbox("/outbox", m365.submission("esp32@contoso.com", password="its password"))


def answers():
    sock = socket.socket()
    try:
        sock.settimeout(10)
        sock.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
        sock.send(b"GET / HTTP/1.0\r\n\r\n")
        return sock.recv(5) == b"HTTP/"
    except OSError:
        return False
    finally:
        sock.close()


def put(subject, recovery):
    message = Message("esp32@contoso.com", "you@example.com", subject, text="%s port %d" % (HOST, PORT))
    outbox.put(message, key="home-assistant", recovery=recovery)


missed = 0
while True:
    if answers():
        if missed >= MISSES:
            put("Home Assistant is back", True)
        missed = 0
    else:
        missed += 1
        if missed == MISSES:
            put("Home Assistant does not answer", False)
    outbox.flush()
    time.sleep(EVERY)
