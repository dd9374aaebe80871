"""What the ports of MicroPython do otherwise than this computer: ticks, limits, resets, pins, memory, by board.

docs/porting.md names the source of each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from umail_host.configuration.chip_pins import CHIPS
from umail_host.device import boards
from umail_host.device.board import Board, ExecError
from umail_host.errors import UserError
from umail_host.virtual_board import VirtualBoard

Start = Callable[..., tuple[VirtualBoard, Board]]
REAL = [name for name in boards.names() if name != "virtual"]
PICOS = [name for name in REAL if boards.load(name).port == "rp2"]
ESP32S = [name for name in REAL if boards.load(name).port == "esp32"]


def lets_go(board: Board, code: str) -> None:
    """Run code after which the board answers no more."""
    with pytest.raises(UserError):
        board.exec(code, timeout=1)


def test_ticks_wrap_at_30_bits_and_their_differences_do_not(start: Start) -> None:
    _, board = start("ESP32_GENERIC", ticks=2**30 - 10_000, sleep_speed=1000)
    # A light sleep is counted in full, though it takes no time here: so the wrap comes when the test wants it.
    code = "import machine\nbefore = time.ticks_ms()\nmachine.lightsleep(60_000)\nafter = time.ticks_ms()"
    board.exec(code)
    before, after, difference = board.eval("before, after, time.ticks_diff(after, before)")
    assert after < 2**29 < before < 2**30
    assert 59_990 <= difference < 61_000
    assert board.eval("time.ticks_diff(time.ticks_add(5, -10), 5), time.ticks_add(2**30 - 1, 1)") == (-10, 0)
    assert board.eval("0 <= time.ticks_us() < 2**30")
    with pytest.raises(ExecError, match="ticks interval overflow"):
        board.exec("time.ticks_add(0, 2**29)")


def test_ticks_go_on_over_a_soft_reset_and_a_light_sleep_and_begin_anew_with_the_chip(start: Start) -> None:
    virtual, board = start("ESP32_GENERIC", ticks=1_000_000, sleep_speed=100)
    board.soft_reset()
    assert 1_000_000 < board.eval("__import__('time').ticks_ms()") < 1_060_000
    board.exec("import machine; machine.lightsleep(60_000)")
    assert 1_060_000 < board.eval("__import__('time').ticks_ms()") < 1_120_000
    virtual.hard_reset()
    board.enter()
    assert 1_000_000 < board.eval("__import__('time').ticks_ms()") < 1_060_000


def test_asyncio_waits_as_long_as_it_is_told_while_ticks_wrap(start: Start) -> None:
    _, board = start("ESP32_GENERIC", ticks=2**30 - 700)
    board.exec("import asyncio\nasync def rest():\n await asyncio.sleep_ms(900)")
    begin = time.monotonic()
    board.exec("asyncio.run(asyncio.wait_for(rest(), 5))")
    assert 0.8 < time.monotonic() - begin < 3


@pytest.mark.parametrize("name", REAL)
def test_the_watchdog_takes_what_the_chip_can_count(start: Start, name: str) -> None:
    _, board = start(name)
    limit = boards.load(name).watchdog
    assert limit == {"rp2040": 8388, "rp2350": 16777}.get(boards.load(name).chip, 0)
    if limit:
        with pytest.raises(ExecError, match=f"ValueError: timeout exceeds {limit}"):
            board.exec(f"machine.WDT(timeout={limit + 1})")
    else:
        with pytest.raises(ExecError, match="ValueError: WDT timeout too short"):
            board.exec("machine.WDT(timeout=0)")
    board.exec(f"machine.WDT(timeout={limit or 120_000})")


@pytest.mark.parametrize("name", PICOS)
def test_a_pico_sleeps_less_than_72_minutes_and_starts_anew_in_2021_as_if_its_watchdog_had_bitten(
    start: Start, name: str
) -> None:
    virtual, board = start(name, sleep_speed=100_000)
    for sleep in ("deepsleep", "lightsleep"):
        with pytest.raises(ExecError, match="ValueError: sleep too long"):
            board.exec(f"machine.{sleep}(4_294_967)")
    board.exec("machine.RTC().datetime((2026, 7, 1, 0, 12, 0, 0, 0))")
    lets_go(board, "machine.deepsleep(4_294_966)")
    board.enter()
    assert board.eval("__import__('machine').reset_cause() == __import__('machine').WDT_RESET")
    assert board.eval("__import__('time').gmtime()[:3]") == (2021, 1, 1)
    assert "task_wdt" not in virtual.console.text
    names = board.eval("[n for n in dir(__import__('machine')) if 'RESET' in n or 'WAKE' in n or 'wake' in n]")
    assert sorted(names) == ["PWRON_RESET", "WDT_RESET"]


def test_a_picos_watchdog_ends_its_sleep_and_an_esp32s_does_not(start: Start) -> None:
    for name, cause, kept in (("RPI_PICO_W", "WDT_RESET", 0), ("ESP32_GENERIC", "DEEPSLEEP_RESET", 60)):
        virtual, board = start(name, sleep_speed=50)
        before = time.monotonic()
        lets_go(board, "machine.WDT(timeout=5000)\nmachine.deepsleep(60_000)")
        virtual.wait_for(">>> " if name == "RPI_PICO_W" else "DEEPSLEEP_RESET")
        board.enter()
        assert board.eval(f"__import__('machine').reset_cause() == __import__('machine').{cause}")
        assert kept / 50 <= time.monotonic() - before + 0.2 < kept / 50 + 3


def test_an_esp32_takes_no_sleep_beyond_31_bits(start: Start) -> None:
    _, board = start("ESP32_GENERIC")
    with pytest.raises(ExecError, match="OverflowError"):
        board.exec("machine.deepsleep(2**31)")


def test_an_esp32_says_what_woke_it(start: Start) -> None:
    virtual, board = start("ESP32_GENERIC_S3", sleep_speed=10)
    assert board.eval("machine.wake_reason(), machine.wake_pins()") == (0, ())
    lets_go(board, "machine.deepsleep(2000)")
    virtual.wait_for("DEEPSLEEP_RESET")
    board.enter()
    assert board.eval("__import__('machine').wake_reason() == __import__('machine').TIMER_WAKE")
    for number, function, reason, pins in (
        (4, "ext0(pin=p,", "EXT0_WAKE", ()),
        (5, "ext1(pins=(p,),", "EXT1_WAKE", (5,)),
    ):
        board.exec(
            f"import esp32, machine\np = machine.Pin({number}, machine.Pin.IN)\nesp32.wake_on_{function} level=True)"
        )
        lets_go(board, "machine.deepsleep()")
        virtual.console.skip()
        virtual.pins[number].drive(1)
        virtual.wait_for("DEEPSLEEP_RESET")
        virtual.pins[number].drive(0)
        board.enter()
        board.exec("import machine")
        assert board.eval(f"machine.wake_reason() == machine.{reason}, machine.wake_pins()") == (True, pins)


def test_only_chips_that_have_such_a_wake_offer_it(start: Start) -> None:
    offered = {}
    for name in ("ESP32_GENERIC", "ESP32_GENERIC_C3", "ESP32_GENERIC_C5", "ESP32_GENERIC_C6"):
        _, board = start(name)
        offered[name[14:]] = board.eval("sorted(n[8:] for n in dir(__import__('esp32')) if n.startswith('wake_on'))")
    every = ["ext0", "ext1", "gpio", "touch"]
    assert offered == {"": every, "C3": ["gpio"], "C5": ["ext1", "gpio"], "C6": ["ext1", "gpio"]}


def test_a_sleeping_pin_is_held_as_its_chip_holds_it(start: Start) -> None:
    for name, function, wakes, let_go in (
        ("ESP32_GENERIC", "ext0(p, 1)", 1, 1),
        ("ESP32_GENERIC", "ext1((p,), 1)", 1, 0),
        ("ESP32_GENERIC_S3", "ext0(p, 1)", 1, 0),
        ("ESP32_GENERIC_C3", "gpio((p,), 1)", 1, 0),
        ("ESP32_GENERIC_C3", "gpio((p,), 0)", 0, 1),
    ):
        virtual, board = start(name)
        virtual.pins[4].drive(1 - wakes)
        board.exec(f"import esp32\np = machine.Pin(4, machine.Pin.IN, machine.Pin.PULL_UP)\nesp32.wake_on_{function}")
        lets_go(board, "machine.deepsleep(60_000)")
        virtual.pins[4].drive(None)
        assert virtual.pins[4].level == let_go, (name, function)
        virtual.power_off()


def test_a_board_that_asked_its_surroundings_65535_times_goes_on_asking(start: Start) -> None:
    _, board = start("RPI_PICO_W")
    board.exec("machine.call.__globals__['_serial'] = 65533")
    assert board.eval("[machine.freq() for _ in range(5)]") == [160_000_000] * 5


def test_a_pin_that_only_light_sleep_wakes_by_is_refused_for_a_deep_sleep(start: Start) -> None:
    _, board = start("ESP32_GENERIC_S3")
    board.exec("import esp32\nesp32.wake_on_gpio((machine.Pin(4),), True)")
    with pytest.raises(ExecError, match="ValueError: DEEPSLEEP with gpio pins not supported on this chip"):
        board.exec("machine.deepsleep(1000)")
    board.exec("esp32.wake_on_gpio(())")
    lets_go(board, "machine.deepsleep(1)")


@pytest.mark.parametrize(
    ("name", "there", "missing"),
    [
        ("ESP32_GENERIC", (0, 23, 25, 27, 32, 39), (24, 28, 31, 40)),
        ("ESP32_GENERIC_S2", (0, 21, 33, 46), (22, 26, 32, 47)),
        ("ESP32_GENERIC_S3", (0, 21, 33, 48), (22, 26, 32, 49)),
        ("ESP32_GENERIC_C3", (0, 13, 20, 21), (14, 17, 18, 19, 22)),
        ("ESP32_GENERIC_C5", (0, 12, 23, 28), (13, 14, 22, 29)),
        ("ESP32_GENERIC_C6", (0, 11, 14, 23), (12, 13, 24, 30)),
        ("ESP32_GENERIC_P4", (0, 23, 26, 54), (24, 25, 55)),
    ],
)
def test_a_chip_has_the_pins_that_its_micropython_has(
    start: Start, name: str, there: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    _, board = start(name)
    board.exec(f"for number in {there}: machine.Pin(number, machine.Pin.IN)")
    for number in missing:
        with pytest.raises(ExecError, match="ValueError: invalid pin"):
            board.exec(f"machine.Pin({number})")
    known = CHIPS[boards.load(name).chip]
    assert not [number for number in missing if number in known.known and number not in known.taken]


def test_a_pin_that_only_reads_and_a_width_that_the_adc_has_not_are_refused(start: Start) -> None:
    for name, reads, widths, most in (("ESP32_GENERIC", 34, (9, 12), 12), ("ESP32_GENERIC_S2", 46, (13, 13), 13)):
        virtual, board = start(name)
        for mode in ("OUT", "OPEN_DRAIN"):
            with pytest.raises(ExecError, match="ValueError: pin can only be input"):
                board.exec(f"machine.Pin({reads}, machine.Pin.{mode})")
        board.exec(f"machine.Pin({reads}, machine.Pin.IN)\nadc = machine.ADC(machine.Pin(4))")
        for width in (widths[0] - 1, widths[1] + 1):
            with pytest.raises(ExecError, match="ValueError: invalid bit-width"):
                board.exec(f"adc.width({width})")
        virtual.pins[4].volts = 2.45
        assert board.eval("adc.read()") == 2**most - 1


@pytest.mark.parametrize("name", [name for name in PICOS if boards.load(name).wifi])
def test_a_picos_led_adc_and_pins_are_its_own(start: Start, name: str) -> None:
    virtual, board = start(name)
    board.exec("from machine import ADC, Pin\nled = Pin('LED', Pin.OUT)\nled.on()")
    assert virtual.pins["LED"].level == 1
    board.exec("led.toggle()\nled.value()")
    assert virtual.pins["LED"].level == 0
    for code, words in (
        ("Pin('NOPE')", 'unknown named pin "NOPE"'),
        ("Pin(30)", "invalid pin"),
        ("Pin('LED', Pin.IN, Pin.PULL_UP)", "pulls are not supported for external pins"),
        ("Pin('LED', Pin.OPEN_DRAIN)", "only Pin.OUT and Pin.IN"),
        ("ADC(Pin(2))", "Pin doesn't have ADC capabilities"),
        ("ADC(26, atten=3)", "TypeError"),
    ):
        with pytest.raises(ExecError, match=words):
            board.exec(code)
    board.exec("p = Pin('GP3', Pin.IN, Pin.PULL_UP)\na = ADC(Pin(26))\nc = ADC(0)")
    assert board.eval("p(), Pin.IN, Pin.OUT, Pin.PULL_UP, Pin.IRQ_FALLING") == (1, 0, 1, 1, 4)
    virtual.pins[26].volts = 3.3
    assert board.eval("a.read_u16(), c.read_u16()") == (65535, 65535)
    assert board.eval("[n for n in ('read_uv', 'atten', 'read', 'width', 'init') if hasattr(a, n)]") == []
    assert board.eval("hasattr(machine.RTC, 'memory'), hasattr(machine.RTC, 'init')") == (False, False)


def test_an_rp2_without_wifi_has_its_led_at_a_pin(start: Start) -> None:
    virtual, board = start("W5500_EVB_PICO")
    board.exec("from machine import Pin\nPin('LED', Pin.OUT, Pin.PULL_UP).on()")
    assert virtual.pins[25].level == 1


def test_a_picos_pin_interrupts_on_the_edge_that_was_asked_for(start: Start) -> None:
    virtual, board = start("RPI_PICO_W")
    virtual.pins[3].drive(1)
    board.exec("from machine import Pin\nseen = []\np = Pin(3, Pin.IN)")
    board.exec("p.irq(lambda p: seen.append(p()), Pin.IRQ_FALLING)")
    for level in (0, 1, 0):
        virtual.pins[3].drive(level)
        board.exec("time.sleep_ms(100)")
    assert board.eval("seen") == [0, 0]


@pytest.mark.parametrize(("name", "good", "bad"), [("ESP32_GENERIC", 34, 5), ("ESP32_GENERIC_C3", 2, 7)])
def test_an_esp32_reads_voltages_where_its_chip_can(start: Start, name: str, good: int, bad: int) -> None:
    _, board = start(name)
    board.exec(f"machine.ADC(machine.Pin({good}))")
    with pytest.raises(ExecError, match="invalid pin"):
        board.exec(f"machine.ADC(machine.Pin({bad}))")
    with pytest.raises(ExecError, match="invalid pin"):
        board.exec("machine.Pin('LED')")
