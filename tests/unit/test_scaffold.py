from check import equal


def test_both_interpreters_run_this_file():
    equal(b"".join([b"a", b"b"]), b"ab")
