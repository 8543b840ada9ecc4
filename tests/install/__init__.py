"""Whether mockbatch can be installed into environments that are there already, and changes nothing in them."""
