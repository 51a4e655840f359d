"""What the tests of sweeps share."""
