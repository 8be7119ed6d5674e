"""The sections of the pages, one file each; `netsci_dst.reports.section` registers others."""
