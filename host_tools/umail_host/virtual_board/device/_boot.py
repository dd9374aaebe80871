try:
    __import__("board_start").start()
except BaseException as error:
    # Nothing but a REPL of the host's interpreter would follow: rather end it, and let the host say so.
    import os
    import sys

    sys.print_exception(error)
    os.system("kill -9 $PPID")
