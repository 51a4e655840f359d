"""Methods that switch to better actions, in full or in part: relatives of policy iteration."""
