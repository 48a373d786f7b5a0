# Generated from the API description under api/.
