import FTPHelper
