__import__("board_start").start()
