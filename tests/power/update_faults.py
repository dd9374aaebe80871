"""Faults that somebody might write into the switch, to see that update_cuts.py finds them."""


def done_before_it_is(switch):
    """The state says that it is on trial before the files are moved."""
    forward = switch._forward

    def early(state):
        state["phase"] = "trial"
        switch.save(state)
        forward(state)

    switch._forward = early


def nothing_is_written_first(switch):
    """What a cut rename hides, as LittleFS of MicroPython 1.28 does, is taken for moved."""
    save = switch.save

    def saved(state):
        if (switch.load() or {}).get("phase") != state["phase"] or state["phase"] == "trial":
            save(state)

    switch.save = saved
