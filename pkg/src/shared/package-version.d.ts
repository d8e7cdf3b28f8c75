/** The version of this package. The build puts it here. */
declare const PACKAGE_VERSION: string;
