"""Tables made by the generators: replies, remedies."""
