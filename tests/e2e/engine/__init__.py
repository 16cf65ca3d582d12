"""Three real browsers behind one interface: Chromium, Firefox ESR, WebKitGTK; the pages themselves ask for their commands."""
