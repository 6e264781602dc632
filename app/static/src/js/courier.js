// The courier's phone app starts here.
export {};
