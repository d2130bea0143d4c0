"""The publisher's side: what is released comes from Git and goes back into Git, signed."""
