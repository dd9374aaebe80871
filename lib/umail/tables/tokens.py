"""What replies of token endpoints mean. Made by tools.make_replies: change lib/replies instead."""

ROWS = (
    (
        b"5|;90023;client secret\n2|;40008|;40010|;50000|;50033|;50087-50088|;50166|;50"
        b"196|;70012|;80001-80002|;80005|;80007|;80014|;90006|;90012|;90024|;90033|;90"
        b"055|;90090-90091\n12|;7000215-7000216|;7000222|;70002|;50012|;700027|;700030\n"
        b"5|;700025\n6|;7000218|;9002326-9002327\n4|;65001-65005|;650056-650057|;90008|;"
        b"90093-90095|;90099|;501051\n1|;700016|;700011|;70001|;7000112|;7000229|;10000"
        b"31\n13|;50020|;50049|;50059|;50128|;50194|;500208|;700005|;7000012|;70000121|"
        b";90010|;90002|;90019|;90027|;90038|;90043|;90051|;90124|;90130|;900023|;9003"
        b"82|;900432|;9001023|;9002332|;9002346\n11|;28002-28003|;50001|;500011|;650052"
        b"-650054|;70011|;700022-700023|;1002012\n0|;16000|;16003|;50014|;50034|;50053|"
        b";50057|;50105|;51004|;53011|;90072\n7|;50002|;50005|;50097|;50131|;50155|;501"
        b"58|;500021-500022|;500212-500213|;53000-53004|;53010|;530031-530039|;700018\n"
        b"3|;70018-70020|;90119-90120\n"
    ),
    (
        b"10|;50013|;50055-50056|;50058|;50064|;50072|;50074|;50076|;50078-50079|;5008"
        b"5|;50089|;50125-50126|;50132-50133|;50135|;50139|;50144|;50173|;54005|;70000"
        b"|;700003|;70008|;70043|;700081-700084\n9|;70003|;90004|;90013-90014|;90023|;9"
        b"0100|;900144|;9002313\n2|temporarily_unavailable|server_error|service_unavail"
        b"able|slow_down|rate_limit\n12|invalid_client\n4|consent_required|admin_policy_"
        b"enforced|org_internal\n1|unauthorized_client|deleted_client|disabled_client\n1"
        b"1|invalid_scope|invalid_resource|invalid_target\n7|access_denied|authorizatio"
        b"n_declined\n3|expired_token|code_expired|bad_verification_code\n10|invalid_gra"
        b"nt|interaction_required|login_required\n9|invalid_request|unsupported_grant_t"
        b"ype\n8|\n"
    ),
)
KEYS = (
    (
        b"c;0;token_account\nc;0;token_application\nt;0;token_busy\nc;0;token_code_expire"
        b"d\nc;0;token_consent\nc;0;token_no_secret\nc;0;token_public_client\nc;0;token_re"
        b"fused\nc;0;token_rejected\nc;0;token_request\nc;0;token_revoked\nc;0;token_scope"
        b"\nc;0;token_secret\nc;0;token_tenant\n"
    ),
)
