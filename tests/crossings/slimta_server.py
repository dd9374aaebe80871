"""Runs in python-slimta, by python -m gevent.monkey slimta_server.py PORT CHAIN KEY USER PASSWORD FOLDER."""

import os
import ssl
import sys

from slimta.edge.smtp import SmtpEdge, SmtpValidators

port, chain, key, user, password, folder = sys.argv[1:]


class Queue:
    count = 0

    def enqueue(self, envelope):
        Queue.count += 1
        name = "%s/%06d" % (folder, Queue.count)
        with open(name + ".part", "wb") as file:
            file.write(b"".join(envelope.flatten()))
        os.rename(name + ".part", name + ".eml")
        return [(envelope, str(Queue.count))]


class Validators(SmtpValidators):
    def handle_auth(self, reply, credentials):
        if (credentials.authcid, credentials._secret) != (user, password):
            reply.code, reply.message = "535", "5.7.8 not this one"


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain, key)
options = {"validator_class": Validators, "auth": True, "context": context, "max_size": 1000000}
edge = SmtpEdge(("127.0.0.1", int(port)), Queue(), **options)
edge.start()
edge.get()
