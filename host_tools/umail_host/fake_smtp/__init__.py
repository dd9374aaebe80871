"""A fake mail server that behaves as Microsoft 365 and others do, byte for byte visible, with faults on demand."""

from umail_host.fake_smtp.core.session import Session
from umail_host.fake_smtp.record.inbox import Delivery, Inbox
from umail_host.fake_smtp.record.transcript import Entry, RawCapture, Transcript
from umail_host.fake_smtp.server.clock import Clock, ManualClock
from umail_host.fake_smtp.server.server import FakeServer

__all__ = ["Clock", "Delivery", "Entry", "FakeServer", "Inbox", "ManualClock", "RawCapture", "Session", "Transcript"]
