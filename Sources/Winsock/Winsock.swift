import CWinsock
