"""Real bare machines on this computer: booted, cut, killed and reset within seconds."""
