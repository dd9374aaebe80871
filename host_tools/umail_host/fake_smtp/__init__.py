"""A fake mail server that behaves as Microsoft 365 and others do, byte for byte visible, with faults on demand."""

from umail_host.fake_smtp.clock import Clock, ManualClock
from umail_host.fake_smtp.inbox import Delivery, Inbox
from umail_host.fake_smtp.server import FakeServer
from umail_host.fake_smtp.session import Session
from umail_host.fake_smtp.transcript import Entry, RawCapture, Transcript

__all__ = ["Clock", "Delivery", "Entry", "FakeServer", "Inbox", "ManualClock", "RawCapture", "Session", "Transcript"]
