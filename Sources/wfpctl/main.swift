print("wfpctl")
