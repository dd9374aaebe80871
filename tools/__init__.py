"""What only this repository needs: measuring sizes, simulating fleets, making tables."""
