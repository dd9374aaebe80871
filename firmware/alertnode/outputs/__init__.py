"""Shows and switches: a status LED, a buzzer, a relay, a button, or an action of one's own."""
