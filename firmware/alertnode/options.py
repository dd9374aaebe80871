"""What a start does and a wake from deep sleep does not: has the configuration checked and kept for the wakes.

And gives the node what only some configurations ask for; one that asks for none of it is "plain".
"""

import sys

from alertnode import LANGUAGE, platform, unload


def checked(running):
    """Return (the checked configuration, sentences about its mistakes); without any the watchdog is armed.

    ``running[1]`` is what feeds it.
    """
    from alertnode import config

    settings, problems = config.load()
    if problems:
        return settings, problems
    # Before anything is touched that could hang: a bus, a chip.
    running[1] = platform.watchdog(settings["watchdog"])
    # Needed once: a board's RAM is small.
    del config
    unload("config_parts", "config", "config_network", "config_summary", "config_kinds")
    if settings.get("battery"):
        from alertnode import write_config_cache

        settings = write_config_cache.keep(settings)
    return settings, problems


def let_go():
    """Let go of what a board that stays awake needs only at its start."""
    unload(
        "assemble",
        "options",
        "zone_rule",
        "rulebook",
        "sensors.find",
        "net_setup",
        "mail_setup",
        "routes",
        "secrets",
        "due",
    )


def add(node, settings, say):
    """Give ``node``, an App that has its State, what ``settings`` ask for; ``say`` takes a line for the console."""
    kinds = sys.modules.get("alertnode.rule_kinds")
    if kinds:
        # Of the rules that have a class of their own only those that are used stay in memory.
        unload("rule_kinds")
        used = [rule.when for rule in node.rules]
        for when in ("outside", "change", "stuck"):
            if when not in used:
                delattr(kinds, when[0].upper() + when[1:])
    if settings["quiet"]:
        from alertnode import due

        node.quiet = due.Quiet(settings["quiet"], node.clock)
    if settings.get("debug"):
        from alertnode import debug

        debug.watch(node, platform)
    if settings["language"] != LANGUAGE[9:]:
        text = 'this program does not speak the language "%s" of its configuration: umail deploy brings it'
        say(text % settings["language"])
    if settings["texts"]:
        from alertnode import own_texts

        node.own = own_texts.Own(settings["texts"], node.log.say)
    if settings["outputs"]:
        from alertnode.outputs import panel

        node.panel = panel.Panel(node, settings["outputs"])
    if settings["summary"] and node.state is not None:
        from alertnode import day, due

        section = settings["summary"]
        late = due.late(due.unique(), section["spread"])
        node.day = day.Day(node, section, late, platform, node.state.values.get("day"))
