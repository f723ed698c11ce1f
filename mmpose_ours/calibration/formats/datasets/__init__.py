"""Camera files that come with data sets, in layouts of their own."""
