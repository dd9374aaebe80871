"""The virtual board's I2C and SPI buses and clocked chips, bit by bit as their data sheets have them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from umail_host.device.board import Board, ExecError
from umail_host.virtual_board import VirtualBoard
from umail_host.virtual_board.chips import crc8


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Iterator[tuple[VirtualBoard, Board]]:
    with VirtualBoard(tmp_path_factory.mktemp("flash")) as virtual, Board(virtual.port) as board:
        board.enter()
        board.exec("from machine import I2C, SoftI2C, SoftSPI, PWM, Pin\nimport time")
        yield virtual, board


@pytest.fixture
def virtual(shared: tuple[VirtualBoard, Board]) -> VirtualBoard:
    virtual, board = shared
    virtual.disconnect()
    board.exec("scl, sda = Pin(22), Pin(21)\nsoft = SoftI2C(scl=scl, sda=sda)\nhard = I2C(0, scl=scl, sda=sda)")
    return virtual


@pytest.fixture
def board(virtual: VirtualBoard, shared: tuple[VirtualBoard, Board]) -> Board:
    return shared[1]


def test_chips_answer_at_their_addresses_only(virtual: VirtualBoard, board: Board) -> None:
    virtual.i2c.bme280()
    virtual.i2c.sht4x(0x45)
    clock = virtual.i2c.ds3231
    for bus in ("soft", "hard"):
        assert board.eval(f"{bus}.scan()") == [0x45, 0x68, 0x76]
    assert board.eval("soft.readfrom_mem(0x76, 0xD0, 1)") == b"\x60"
    clock.gone = True
    assert board.eval("hard.scan()") == [0x45, 0x76]
    with pytest.raises(ExecError, match="ENODEV"):
        board.eval("soft.writeto(0x68, b'')")


def test_a_sensirion_chip_does_not_acknowledge_before_it_has_measured(virtual: VirtualBoard, board: Board) -> None:
    sht = virtual.i2c.sht3x()
    sht.celsius, sht.conversion = 25.0, 0.2
    with pytest.raises(ExecError, match="ENODEV"):
        board.exec("soft.writeto(0x44, b'\\x24\\x00')\nsoft.readfrom(0x44, 6)")
    answer = board.eval("(time.sleep_ms(210), soft.readfrom(0x44, 6))[1]")
    assert answer[:2] == b"\x66\x66"
    assert crc8(answer[:2]) == answer[2]
    assert crc8(b"\xbe\xef") == 0x92


def test_a_bme280_measures_when_it_is_told_and_not_before(virtual: VirtualBoard, board: Board) -> None:
    bme = virtual.i2c.bme280()
    bme.conversion = 0.0
    assert board.eval("soft.readfrom_mem(0x76, 0xF7, 8)") == b"\x80\0\0\x80\0\0\x80\0"
    board.exec("soft.writeto_mem(0x76, 0xF2, b'\\1')\nsoft.writeto_mem(0x76, 0xF4, b'\\x25')")
    assert board.eval("soft.readfrom_mem(0x76, 0xF7, 8)") != b"\x80\0\0\x80\0\0\x80\0"
    assert board.eval("soft.readfrom_mem(0x76, 0xF4, 1)") == b"\x24"  # asleep again


def test_two_chips_at_one_address_pull_the_line_together(virtual: VirtualBoard, board: Board) -> None:
    virtual.i2c.mcp9808().celsius = 21.0
    virtual.i2c.mcp9808(index=1).celsius = 22.5
    assert board.eval("soft.readfrom_mem(0x18, 5, 2)") == bytes((0xC1, 0x50 & 0x68))


def test_a_bus_that_is_held_low_behaves_as_one(virtual: VirtualBoard, board: Board) -> None:
    virtual.i2c.mcp9808()
    virtual.i2c.hold()
    # In software every address seems to answer, and every byte is 0.
    assert board.eval("len(soft.scan()), soft.readfrom_mem(0x18, 6, 2), sda.value()") == (112, b"\0\0", 0)
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.eval("hard.readfrom_mem(0x18, 6, 2)")
    board.exec("scl.init(Pin.OPEN_DRAIN, value=1)\nfor i in range(8):\n    scl(0)\n    scl(1)")
    assert board.eval("sda.value()") == 0
    board.exec("scl(0)\nscl(1)")
    assert board.eval("sda.value(), soft.readfrom_mem(0x18, 6, 2)") == (1, b"\0\x54")
    virtual.i2c.hold(clocks=None)
    board.exec("for i in range(20):\n    scl(0)\n    scl(1)")
    assert board.eval("sda.value()") == 0
    virtual.i2c.release()
    assert board.eval("sda.value()") == 1


def test_a_chip_on_spi_hears_while_its_cs_is_low(virtual: VirtualBoard, board: Board) -> None:
    pt = virtual.spi.max31865(5)
    pt.celsius, pt.conversion = 0.0, 0.0
    board.exec(
        "spi = SoftSPI(sck=Pin(18), mosi=Pin(23), miso=Pin(19), phase=1)\ncs = Pin(5, Pin.OUT, value=1)\n"
        "def ask(*out, n=0):\n    cs(0)\n    spi.write(bytes(out))\n    r = spi.read(n)\n    cs(1)\n    return r"
    )
    assert board.eval("spi.read(2), ask(0x80, 0xA1), ask(1, n=2)") == (b"\xff\xff", b"", b"\x3b\x88")
    assert round(100 / 430 * 32768) == 0x3B88 >> 1
    pt.fault = 0x40
    assert board.eval("ask(0x80, 0xA1), ask(1, n=2)[1] & 1, ask(7, n=1)") == (b"", 1, b"\x40")
    pt.gone = True
    assert board.eval("ask(1, n=2)") == b"\xff\xff"


def test_an_hx711_gives_24_bits_to_25_clocks(virtual: VirtualBoard, board: Board) -> None:
    cell = virtual.sensors.hx711(25, 26)
    cell.raw, cell.conversion = -2, 60.0
    board.exec(
        "out, sck = Pin(25, Pin.IN), Pin(26, Pin.OUT, value=0)\nbits = []\nready = out()\n"
        "for i in range(25):\n    sck(1)\n    bits.append(out())\n    sck(0)"
    )
    assert board.eval("ready, bits, out()") == (0, [1] * 23 + [0, 1], 1)  # until the next conversion


def test_pulses_pwm_and_the_history_of_a_pin_are_seen(virtual: VirtualBoard, board: Board) -> None:
    board.exec("n = []\np = Pin(12, Pin.IN, Pin.PULL_UP)\np.irq(lambda p: n.append(1), Pin.IRQ_FALLING)")
    virtual.pins[12].pulse(3)
    assert board.eval("(time.sleep_ms(200), len(n))[1]") == 3
    board.exec("b = PWM(Pin(5), freq=2000, duty=512)\nled = Pin(2, Pin.OUT, value=0)\nled(1)\nled(0)")
    assert board.eval("1") == 1
    assert (virtual.pins[5].hertz, virtual.pins[2].history) == (2000, [0, 1, 0])
    board.exec("b.deinit()")
    assert virtual.pins[5].hertz == 0
