"""What a change to an environment does, for whoever has to say yes to it: preview JSON → changes → risks → words."""
