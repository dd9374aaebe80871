"""Pins, sensors and timers of the virtual board: drivers see on its wires what the host puts there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.device.board import Board, ExecError
from umail_host.virtual_board import VirtualBoard


@pytest.fixture
def virtual(tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash") as virtual:
        yield virtual


def test_pins_and_adc_see_what_the_host_connects(virtual: VirtualBoard, board: Board) -> None:
    board.exec(
        "from machine import Pin, ADC\np = Pin(13, Pin.IN, Pin.PULL_UP)\nled = Pin(2, Pin.OUT, value=1)\n"
        "a = ADC(Pin(34))"
    )
    assert board.eval("p.value(), p()") == (1, 1)
    virtual.pins[13].drive(0)
    assert board.eval("p.value()") == 0
    virtual.pins[13].drive(None)
    assert board.eval("p.value()") == 1
    assert virtual.pins[2].level == 1
    board.exec("led.off()")
    board.eval("led.value()")
    assert virtual.pins[2].level == 0
    virtual.pins[34].volts = 1.225
    assert board.eval("a.read_uv(), a.read_u16()") == (1_225_000, 32_767)  # 11 dB unless told otherwise
    virtual.pins[34].volts = 3.3
    assert board.eval("a.read_u16()") == 65535  # clipped at the attenuation's full scale
    with pytest.raises(ExecError, match="invalid pin"):
        board.exec("Pin(99)")


def test_a_pin_interrupts_a_busy_program(virtual: VirtualBoard, board: Board) -> None:
    board.put(
        "/main.py",
        b"from machine import Pin\np = Pin(13, Pin.IN, Pin.PULL_UP)\nhits = []\n"
        b"p.irq(lambda pin: hits.append(pin.value()), Pin.IRQ_FALLING)\nprint('armed')\n"
        b"while len(hits) < 2: pass\nprint('hits', hits)\n",
    )
    board.start()
    virtual.wait_for("armed")
    for level in (0, 1, 0):
        virtual.pins[13].drive(level)
        time.sleep(0.05)
    virtual.wait_for("hits [0, 0]")
    board.enter()
    assert board.eval("1") == 1


def test_timers_call_back(virtual: VirtualBoard, board: Board) -> None:
    code = (
        "from machine import Timer\nimport time\nn = []\nt = Timer(0)\n"
        "t.init(period=10, mode=Timer.PERIODIC, callback=lambda t: n.append(1))\n"
        "Timer(1).init(period=20, mode=Timer.ONE_SHOT, callback=lambda t: n.append('once'))\n"
        "time.sleep(0.2)\nt.deinit()\nk = len(n)\ntime.sleep(0.05)\nprint(k > 5, n.count('once'), len(n) - k <= 1)"
    )
    assert board.exec(code) == "True 1 True\n"


def test_a_ds18b20_behaves_as_one_on_a_wire(virtual: VirtualBoard, board: Board) -> None:
    thermometer = virtual.sensors.ds18b20(4)
    thermometer.celsius, thermometer.conversion = -10.125, 0.05
    board.exec(
        "import machine, onewire, ds18x20, time\nd = ds18x20.DS18X20(onewire.OneWire(machine.Pin(4)))\nr = d.scan()"
    )
    assert board.eval("len(r), r[0][0], d.read_temp(r[0])") == (1, 0x28, 85.0)  # before the first conversion
    assert board.eval("(d.convert_temp(), time.sleep_ms(60), d.read_temp(r[0]))[2]") == -10.125
    thermometer.corrupt = True
    with pytest.raises(ExecError, match="CRC error"):
        board.eval("d.read_temp(r[0])")
    thermometer.gone = True
    with pytest.raises(ExecError, match="OneWireError"):
        board.eval("d.convert_temp()")
    assert board.eval("d.scan()") == []


def test_a_dht22_behaves_as_one(virtual: VirtualBoard, board: Board) -> None:
    sensor = virtual.sensors.dht(5)
    sensor.celsius, sensor.humidity, sensor.interval = -3.46, 61.04, 0.0
    board.exec("import machine, dht\nd = dht.DHT22(machine.Pin(5))")
    assert board.eval("d.measure(), d.temperature(), d.humidity()") == (None, -3.5, 61.0)
    assert board.eval("list(d.buf)") == [0x02, 0x62, 0x80, 0x23, 0x07]
    sensor.corrupt = True
    with pytest.raises(ExecError, match="checksum error"):
        board.exec("d.measure()")
    sensor.corrupt, sensor.gone = False, True
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.exec("d.measure()")
    sensor.gone, sensor.interval = False, 2.0
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.exec("d.measure()\nd.measure()")  # too soon


def test_a_ds3231_keeps_the_time_without_the_boards_power(virtual: VirtualBoard, board: Board) -> None:
    clock = virtual.i2c.ds3231
    code = "import machine\ni = machine.I2C(0, scl=machine.Pin(22), sda=machine.Pin(21))"
    board.exec(code)
    assert board.eval("i.scan(), i.readfrom_mem(0x68, 15, 1)") == ([0x68], b"\x80")  # its oscillator had stopped
    board.exec(
        "i.writeto_mem(0x68, 0, bytes((0x30, 0x59, 0x12, 3, 0x01, 0x07, 0x26)))\ni.writeto_mem(0x68, 15, b'\\0')"
    )
    virtual.power_off()
    virtual.power_on()
    board.enter()
    board.exec(code)
    assert board.eval("i.readfrom_mem(0x68, 1, 6), i.readfrom_mem(0x68, 15, 1)") == (b"\x59\x12\3\1\7\x26", b"\0")
    assert abs(clock.now() - 1_782_910_770) < 5  # 2026-07-01 12:59:30
    clock.gone = True
    with pytest.raises(ExecError, match="ENODEV"):
        board.eval("i.readfrom_mem(0x68, 0, 7)")


def test_programs_see_an_esp32_and_nothing_of_the_host(board: Board) -> None:
    code = (
        "import sys, os, machine\n"
        "print(sys.platform, sys.path, sys.argv, os.uname().sysname, os.listdir('/'), hasattr(os, 'system'),\n"
        " len(machine.unique_id()), machine.freq(), os.getcwd(), sorted(dir()))"
    )
    assert board.exec(code) == (
        "esp32 ['', '.frozen', '/lib'] [] esp32 ['boot.py'] False 6 160000000 / "
        "['__file__', '__name__', 'machine', 'os', 'sys']\n"
    )
