"""Starts the alert node; by the switch, if this board takes updates over the network."""

try:
    import switch
except ImportError:
    from alertnode import start

    start.main()
else:
    switch.run()
