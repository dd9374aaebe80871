"""Which root certificates there are."""

NAMES = (
    "digicert_global_root_ca",
    "digicert_global_root_g2",
    "digicert_global_root_g3",
    "globalsign_root_r6",
    "gts_root_r1",
    "gts_root_r4",
    "isrg_root_x1",
    "isrg_root_x2",
    "microsoft_ecc_root_2017",
    "microsoft_rsa_root_2017",
)
