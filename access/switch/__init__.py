"""Switch into a role, and manage its sessions."""
