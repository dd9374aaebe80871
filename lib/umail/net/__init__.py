"""All that touches a socket: connections, TLS, DNS, HTTP."""
