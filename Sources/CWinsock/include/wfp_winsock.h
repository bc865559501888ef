void wfp_winsock(void);
