// Of the libraries that hold the precompiled headers.
