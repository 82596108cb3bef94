"""The care of secrets: what there is, how old it is, who has it; and a new value brought to where the old one was."""
