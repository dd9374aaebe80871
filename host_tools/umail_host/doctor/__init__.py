"""Why a mail does not go."""
