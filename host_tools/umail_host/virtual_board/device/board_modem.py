"""`machine.UART` with the modem behind it, and `network.PPP` over it, as an ESP32's MicroPython has them since 1.26."""

from board_link import call


class UART:
    IRQ_RXIDLE = 4096
    INV_TX, INV_RX = 32, 4

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **settings):
        known = ("tx", "rx", "rts", "cts", "txbuf", "rxbuf", "timeout", "timeout_char", "invert", "flow")
        for name in settings:
            if name not in known:
                raise TypeError("extra keyword arguments given")
        if id not in (0, 1, 2):
            raise ValueError("UART(%d) does not exist" % id)
        call("uart.open")

    def write(self, data):
        data = data.encode() if isinstance(data, str) else bytes(data)
        call("uart.write", list(data))
        return len(data)

    def read(self, count=None):
        found = bytes(call("uart.read"))
        return found or None

    def irq(self, handler=None, trigger=0, hard=False):
        pass

    def deinit(self):
        pass


class PPP:
    SEC_NONE, SEC_PAP, SEC_CHAP = 0, 1, 2

    def __init__(self, stream):
        for name in ("read", "write", "irq", "IRQ_RXIDLE"):
            if not hasattr(stream, name):
                raise OSError("stream operation not supported")

    def active(self, on=None):
        return call("ppp.active", None if on is None else bool(on))

    def connect(self, *, security=0, user=None, key=None):
        if security not in (0, 1, 2):
            raise ValueError("invalid auth")
        if security and (user is None or key is None):
            raise TypeError("can't convert 'NoneType' object to str implicitly")
        call("ppp.connect", security, user, key)

    def disconnect(self):
        call("ppp.disconnect")

    def isconnected(self):
        return call("ppp.status") == 4

    def status(self):
        return call("ppp.status")

    def ifconfig(self):
        # In this order: network_ppp.c has the gateway before the mask.
        return tuple(call("ppp.ifconfig"))

    def poll(self):
        return 0
